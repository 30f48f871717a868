"""The mutations of `mutations.py`: lines broken on purpose, and who must notice.

Each has a name, one sentence on what it breaks, the file, the text before (which must
stand there once) and after, and the tests that must fail: files or pytest's node ids,
as narrow as will do.  A mutation whose text no longer stands in the code is an error:
follow the code, or drop it with what it broke.
"""

from __future__ import annotations

from typing import Final, NamedTuple


class Mutant(NamedTuple):
    """One line that is broken."""

    name: str
    breaks: str
    file: str
    before: str
    after: str
    tests: tuple[str, ...]


def _of(
    package: str, module: str, tests: str, *broken: tuple[str, str, str, str]
) -> tuple[Mutant, ...]:
    """Return the mutations of one module, whose tests are one file or its parts."""
    return tuple(
        Mutant(
            name,
            breaks,
            f"{package}/{module}.py",
            before,
            after,
            tuple(f"tests/{each}" for each in tests.split()),
        )
        for name, breaks, before, after in broken
    )


def _client(
    module: str, tests: str, *broken: tuple[str, str, str, str]
) -> tuple[Mutant, ...]:
    return _of("client/amphitrite", module, tests, *broken)


ENGINE: Final = (
    *_client(
        "engine/execution",
        "client/engine/test_patience.py",
        (
            "failing_since_kept",
            "a success does not end the time for which the server has been failing",
            "                    self.failing_since = None\n",
            "                    pass\n",
        ),
        (
            "patience_restarts",
            "each failure starts the patience anew, so that a run never gives up",
            "        if self.failing_since is None:\n",
            "        if True:\n",
        ),
        (
            "patience_doubled",
            "a run waits twice as long as asked",
            "self.failing_since + self.limits.patience",
            "self.failing_since + 2 * self.limits.patience",
        ),
        (
            "pause_constant",
            "a failing server is asked four times a second for the whole patience",
            "pause = min(2 * pause, _LONGEST_PAUSE)",
            "pause = min(pause, _LONGEST_PAUSE)",
        ),
        (
            "unchecked_after_failure",
            "a run goes on after a failure without asking what is served now",
            "                self.model.check_unchanged()\n",
            "                pass\n",
        ),
    ),
    *_client(
        "engine/execution",
        "client/engine/test_execution.py",
        (
            "failed_request_lost",
            "a request that failed is not sent again",
            "                    again.append(request)\n",
            "                    pass\n",
        ),
        (
            "in_flight_one_more",
            "one request more than allowed is in flight",
            "while len(flying) < self.room.size:",
            "while len(flying) <= self.room.size:",
        ),
        (
            "unit_finished_early",
            "a unit is finished with its first answer",
            "if opened.sent_all and not opened.waiting:",
            "if not opened.waiting:",
        ),
        (
            "resumed_done_again",
            "what the journal holds already is done again",
            "            if unit.key in self.journal:\n",
            "            if False:\n",
        ),
    ),
    *_client(
        "triton/failures",
        "client/engine/test_execution.py",
        (
            "mismatch_retried",
            "a request refused for other weights is sent again",
            "    errors.QueueFull,\n    errors.InferenceTimeout,\n)",
            "    errors.QueueFull,\n    errors.ServerError,\n)",
        ),
    ),
)

OUTPUT: Final = (
    *_client(
        "engine/journal",
        "client/engine/test_journal.py",
        (
            "journal_head_ignored",
            "a resumed run takes the results of another one",
            "        if found.get(key) != wanted.get(key):\n",
            "        if False:\n",
        ),
    ),
    *_client(
        "engine/staging",
        "client/engine/test_staging.py::test_too_small_a_disk_is_said_before_any_work",
        (
            "free_space_unchecked",
            "a run begins what the disk has no room for",
            "        if free < n_bytes:\n",
            "        if free < 0:\n",
        ),
    ),
)

MODELS: Final = (
    *_client(
        "triton/spec",
        "client/triton/test_spec.py",
        (
            "contract_ignored",
            "a model of another contract is used",
            "        if have.get(key) != want.get(key):\n",
            "        if False:\n",
        ),
        (
            "units_not_compared",
            "units are no part of the contract",
            '("dtype", "shape", "axes", "unit", "minimum",',
            '("dtype", "shape", "axes", "minimum",',
        ),
    ),
    *_of(
        "export/amphitrite_export",
        "conversion/parity",
        "export/conversion/test_parity.py",
        (
            "parity_loose",
            "a wrongly converted network is published",
            "TOLERANCE = 2e-5",
            "TOLERANCE = 2e-1",
        ),
        (
            "parity_nan",
            "a network that answers NaN is published",
            "if not difference <= TOLERANCE * scale:",
            "if difference > TOLERANCE * scale:",
        ),
    ),
)

SERVER: Final = (
    *_client(
        "server/launcher",
        "serving/test_selfcheck.py",
        (
            "selfcheck_left_out",
            "a server is used that was never asked to compute",
            "            selfcheck.check_inference(self.http_url, own)\n",
            "            pass\n",
        ),
    ),
    *_client(
        "server/selfcheck",
        "client/server/test_selfcheck.py",
        (
            "selfcheck_believes",
            "a server that answers wrongly passes its self-check",
            "    if doubled != [2 * number for number in numbers]:\n",
            "    if False:\n",
        ),
        (
            "selfcheck_constant",
            "the self-check's numbers are all the same, which hides wrong strides",
            "[float(number) for number in range(1, ROWS * COLUMNS + 1)]",
            "[1.0 for number in range(1, ROWS * COLUMNS + 1)]",
        ),
        (
            "selfcheck_unblamed",
            "a failed self-check does not say that the environment is broken",
            "    except AmphitriteError as error:\n        raise ProvisioningError(",
            "    except ZeroDivisionError as error:\n        raise ProvisioningError(",
        ),
    ),
)

LIGHT_CURVES: Final = (
    *_client(
        "surveys/calnet/prepare/light_curves",
        "client/surveys/calnet/prepare/test_light_curves.py",
        (
            "outside_kept",
            "rows that are filled with zeros are used",
            "inside = good & axis.inside",
            "inside = good",
        ),
    ),
    *_client(
        "surveys/calnet/prepare/missions",
        "client/surveys/calnet/prepare/test_light_curves.py "
        "client/surveys/calnet/prepare/test_times.py",
        (
            "kepler_zero",
            "Kepler's times without a stated zero point are half a day late",
            '("Kepler", "KIC", "KEPLERID", "KEPMAG", 2454833.0)',
            '("Kepler", "KIC", "KEPLERID", "KEPMAG", 2454833.5)',
        ),
        (
            "k2_zero",
            "K2's times without a stated zero point are half a day late",
            '("K2", "EPIC", "KEPLERID", "KEPMAG", 2454833.0)',
            '("K2", "EPIC", "KEPLERID", "KEPMAG", 2454833.5)',
        ),
        (
            "magnitude_of_kepler",
            "Kepler's stars have no magnitude",
            '("Kepler", "KIC", "KEPLERID", "KEPMAG", 2454833.0)',
            '("Kepler", "KIC", "KEPLERID", "TESSMAG", 2454833.0)',
        ),
    ),
    *_client(
        "surveys/calnet/prepare/identity",
        "client/surveys/calnet/prepare/test_identity.py",
        (
            "object_always",
            "the star in OBJECT counts before TICID",
            "if number := _number(headers, TESS.number):",
            'if not headers.text("OBJECT") and (number := _number(headers, "TICID")):',
        ),
        (
            "stitched_as_stated",
            "a stitched file has the sector of its header alone",
            "if jd[-1] - jd[0] < mission.longest or len(stated) > 1:",
            "if stated:",
        ),
    ),
    *_client(
        "surveys/calnet/prepare/times",
        "client/surveys/calnet/prepare/test_times.py",
        (
            "bjdreff_ignored",
            "the fraction of the time's zero point is dropped",
            'headers.number(f"{key}F"))',
            "0.0)",
        ),
        (
            "zero_ignored",
            "the zero point that a file states is not used",
            "tried = stated or [(mission.name, mission.zero)]",
            "tried = [(mission.name, mission.zero)]",
        ),
        (
            "zero_unsaid",
            "an assumed zero point is not said",
            "if (name, zero) == tried[0]:",
            "if True:",
        ),
        (
            "utc_as_tdb",
            "times in UTC are a minute early",
            'if self.scale != "TDB":',
            "if False:",
        ),
    ),
    *_client(
        "surveys/calnet/prepare/fluxes",
        "client/surveys/calnet/prepare/test_fluxes.py",
        (
            "quality_ignored",
            "flagged points are used",
            "self.usable & (self.quality == 0)",
            "self.usable & (self.quality >= 0)",
        ),
        (
            "magnitudes_upside_down",
            "an eclipse in magnitudes is a brightening",
            "10 ** (-0.4 * (magnitude - middle))",
            "10 ** (0.4 * (magnitude - middle))",
        ),
    ),
    *_client(
        "surveys/calnet/prepare/cadences",
        "client/surveys/calnet/prepare/test_light_curves.py",
        (
            "mean_error",
            "the error of a mean is that of one point",
            "error = np.sqrt(np.bincount(group, points.error**2)) / count",
            "error = np.sqrt(np.bincount(group, points.error**2) / count)",
        ),
        (
            "cadences_straddle",
            "means begin one cadence too late",
            "_numbers(points, step) // n, return_inverse",
            "(_numbers(points, step) - 1) // n, return_inverse",
        ),
        (
            "half_good",
            "a mean of exactly half of its cadences is left out",
            "enough = 2 * count >= n",
            "enough = 2 * count > n",
        ),
        (
            "slowest_cadence",
            "a light curve of exactly five minutes is refused",
            "_SLOW: Final = 300.0",
            "_SLOW: Final = 299.0",
        ),
        (
            "equal_times_twice",
            "points of an overlap count twice",
            "if not new.all():",
            "if False:",
        ),
        (
            "numbers_begin_anew",
            "cadences of the same number in two files are averaged",
            "if points.number is not None and (np.diff(points.number) > 0).all():",
            "if points.number is not None:",
        ),
    ),
    *_client(
        "surveys/calnet/prepare/segments",
        "client/surveys/calnet/prepare/test_segments.py",
        (
            "gap_shorter",
            "a gap of exactly the limit splits a light curve",
            "np.diff(time) > GAP_DAYS",
            "np.diff(time) >= GAP_DAYS",
        ),
        (
            "least_points",
            "a part with exactly the least points is left out",
            "if part.stop - part.start < LEAST_POINTS:",
            "if part.stop - part.start <= LEAST_POINTS:",
        ),
        (
            "percentile_kept",
            "the points at the percentile are kept",
            "keep = flux < np.percentile(flux, PERCENTILE)",
            "keep = flux <= np.percentile(flux, PERCENTILE)",
        ),
        (
            "periodogram_unscaled",
            "the periodogram is not stretched to 0..1",
            "periodogram=to_unit_range(power(time, flux, 1 / PERIODS))",
            "periodogram=power(time, flux, 1 / PERIODS).astype(np.float32)",
        ),
        (
            "frequencies_for_periods",
            "the periodogram runs over frequencies in the order of periods",
            "power(time, flux, 1 / PERIODS)",
            "power(time, flux, PERIODS)",
        ),
    ),
    *_client(
        "surveys/calnet/page",
        "client/surveys/calnet/prepare/test_segments.py",
        (
            "period_grid",
            "the periodogram begins one period too early",
            "np.logspace(-3, 1, 1125)[125:]",
            "np.logspace(-3, 1, 1125)[124:-1]",
        ),
    ),
    *_client(
        "surveys/calnet/prepare/resampling",
        "client/surveys/calnet/prepare/test_segments.py",
        (
            "grid_half_open",
            "the resampled light curve ends one step early",
            "np.linspace(0.0, 1.0, N_POINTS)",
            "np.linspace(0.0, 1.0, N_POINTS, endpoint=False)",
        ),
        (
            "spline_cut",
            "the spline keeps more points than the paper's",
            "_CUT: Final = 3.0",
            "_CUT: Final = 3.5",
        ),
    ),
    *_client(
        "surveys/calnet/prepare/periodogram",
        "client/surveys/calnet/prepare/test_periodogram.py",
        (
            "power_of_two",
            "the periodogram is normalised to twice the variance",
            "np.divide(explained, variance * determinant,",
            "np.divide(explained, 2 * variance * determinant,",
        ),
        (
            "floating_mean",
            "the sinusoid is fitted without a constant",
            "ss = 0.5 * (1 - twice.real) - s * s",
            "ss = 0.5 * (1 - twice.real)",
        ),
        (
            "cross_term",
            "the cross term of sine and cosine has the wrong sign",
            "- 2 * cs * yc * ys",
            "+ 2 * cs * yc * ys",
        ),
        (
            "coarse_grid",
            "the grid of frequencies has two points to a peak",
            "step = 1 / (5 * span)",
            "step = 1 / (2 * span)",
        ),
        (
            "alarm_ignores_range",
            "the false-alarm probability is that of a single frequency",
            'peak, method="baluev", maximum_frequency=maximum_frequency',
            'peak, method="single", maximum_frequency=maximum_frequency',
        ),
    ),
    *_client(
        "surveys/calnet/interpret/folding",
        "client/surveys/calnet/interpret/test_folding.py",
        (
            "phase_backwards",
            "phases run backwards",
            "cycles = (time - epoch) / period",
            "cycles = (epoch - time) / period",
        ),
        (
            "variance_biased",
            "the variance of a bin is divided by n",
            "np.maximum(squares - mean**2, 0) * count / (count - 1)",
            "np.maximum(squares - mean**2, 0)",
        ),
        (
            "epoch_half_bin",
            "epochs are half a bin early",
            "phase = (lowest + 0.5 + (around @ weights) / weights.sum()) / bins",
            "phase = (lowest + (around @ weights) / weights.sum()) / bins",
        ),
        (
            "depth_of_the_lowest",
            "a depth is a part of the flux at the minimum",
            "return (top - float(np.nanmin(folded.mean))) / top",
            "return (top - float(np.nanmin(folded.mean))) / "
            "float(np.nanmin(folded.mean))",
        ),
        (
            "dispersion_freedom",
            "the dispersion counts every bin as a free parameter too few",
            "within = (total - between) / (len(y) - occupied)",
            "within = (total - between) / len(y)",
        ),
        (
            "joined_by_mean",
            "segments are joined at their means",
            "s.flux / np.median(s.flux)",
            "s.flux / np.mean(s.flux)",
        ),
        (
            "level_of_eclipses",
            "depths are measured from the middle of the profile",
            "_LEVEL_PERCENTILE: Final = 90.0",
            "_LEVEL_PERCENTILE: Final = 50.0",
        ),
    ),
    *_client(
        "surveys/calnet/interpret/refinement",
        "client/surveys/calnet/interpret/test_refinement.py",
        (
            "step_sign",
            "a period is moved the wrong way",
            "change = -steep * away / period**2",
            "change = steep * away / period**2",
        ),
    ),
    *_client(
        "surveys/calnet/interpret/uncertainty",
        "client/surveys/calnet/interpret/test_uncertainty.py",
        (
            "error_period",
            "the error of a period is that of a frequency",
            "* away**2).sum()) / period**4",
            "* away**2).sum())",
        ),
        (
            "noise_in_slopes",
            "noise counts as slope, so that errors are too small",
            "((slope**2 - noise) * away**2)",
            "((slope**2) * away**2)",
        ),
        (
            "white_errors",
            "correlated noise does not widen an error",
            "np.sqrt(max(clustered, white))",
            "np.sqrt(white)",
        ),
        (
            "profile_known",
            "the profile is taken for known, also where one cycle alone shows it",
            "relative - time_mean[at]",
            "relative - relative.mean()",
        ),
    ),
    *_client(
        "surveys/calnet/interpret/folding",
        "client/surveys/calnet/interpret/test_uncertainty.py",
        (
            "slope_scale",
            "slopes of a profile are twice too steep",
            "slope = 0.5 * bins * (np.roll(means, -1) - np.roll(means, 1))",
            "slope = bins * (np.roll(means, -1) - np.roll(means, 1))",
        ),
    ),
    *_client(
        "surveys/calnet/interpret/doubling",
        "client/surveys/calnet/interpret/test_doubling.py",
        (
            "minima_scale",
            "depths of single minima are not relative to their mean",
            "depth / usual, error / abs(usual)",
            "depth, error",
        ),
        (
            "sinusoid_loose",
            "any profile with a strong first harmonic is taken for a contact binary",
            "_FIRST_HARMONIC: Final = 0.8",
            "_FIRST_HARMONIC: Final = 0.4",
        ),
        (
            "odd_even_chance",
            "minima that differ among themselves double a period",
            "return chance < _CHANCE or (sigmas > _SIGMA and",
            "return chance < 2 or (sigmas > _SIGMA and",
        ),
        (
            "part_of_depth",
            "minima that differ by a thousandth double a period",
            "_PART: Final = 0.01",
            "_PART: Final = 0.0001",
        ),
    ),
    *_client(
        "surveys/calnet/interpret/aliases",
        "client/surveys/calnet/interpret/test_aliases.py",
        (
            "repeated_biased",
            "noise within one cycle counts as repeated",
            "products = sums.sum(axis=0) ** 2 - (sums**2).sum(axis=0)",
            "products = sums.sum(axis=0) ** 2",
        ),
        (
            "longest_taken",
            "of equally good periods the longest is taken",
            "return min(one.period for one in kept if one.scatter <= limit)",
            "return max(one.period for one in kept if one.scatter <= limit)",
        ),
        (
            "seeds_repeated",
            "the same period is looked at several times",
            "< _APART / span for other in apart",
            "< 0 for other in apart",
        ),
    ),
    *_client(
        "surveys/calnet/interpret/boxes",
        "client/surveys/calnet/interpret/test_boxes.py",
        (
            "box_grid",
            "boxes drift by more than their length between two frequencies tried",
            "_DURATIONS[0] / span**2 * 2",
            "_DURATIONS[0] / span * 2",
        ),
        (
            "trend_kept",
            "slow changes are searched for boxes",
            'flux - median_filter(flux, size=width, mode="nearest")',
            "flux - np.median(flux)",
        ),
    ),
    *_client(
        "surveys/calnet/interpret/sectors",
        "client/surveys/calnet/interpret/test_sectors.py",
        (
            "shortest_stretch",
            "the shortest stretch of sectors is searched",
            "chosen = max(parts, key=lambda part: float(part[-1] - part[0]))",
            "chosen = min(parts, key=lambda part: float(part[-1] - part[0]))",
        ),
        (
            "cycles_uncounted",
            "far sectors are joined though their cycles cannot be counted",
            "        if not error * span / period**2 < _CONNECTED_CYCLES:\n",
            "        if False:\n",
        ),
        (
            "searched_whole",
            "a year of sectors is searched as one",
            "_SEARCHED_DAYS: Final = 56.0",
            "_SEARCHED_DAYS: Final = 560.0",
        ),
    ),
    *_client(
        "surveys/calnet/interpret/periods",
        "client/surveys/calnet/interpret/test_periods.py::test_two_cycles_are_told "
        "client/surveys/calnet/interpret/test_periods.py"
        "::test_a_peak_is_searched_up_to_half_of_the_span "
        "client/surveys/calnet/interpret/test_periods.py"
        "::test_the_false_alarm_probability_is_that_of_the_whole_search",
        (
            "few_cycles",
            "two cycles are said to be enough",
            "< 3 * period:",
            "< 2 * period:",
        ),
        (
            "alarm_frequency",
            "a false-alarm probability is for a search down to 8 days alone",
            "maximum_frequency=1 / _SEED_DAYS",
            "maximum_frequency=0.01 / _SEED_DAYS",
        ),
        (
            "peak_to_the_span",
            "periods as long as the light curve are searched",
            "grid = frequencies(_SEED_DAYS, span / 2, span)",
            "grid = frequencies(_SEED_DAYS, span, span)",
        ),
    ),
    *_client(
        "surveys/calnet/interpret/stars",
        "client/surveys/calnet/interpret/test_stars.py",
        (
            "score_mean",
            "a star's score is the mean of its segments'",
            "return float(self.scores.max())",
            "return float(self.scores.mean())",
        ),
        (
            "overlaps_used",
            "files of the same times are both used",
            "if not any(file.overlaps(other) for other in chosen):",
            "if True:",
        ),
        (
            "fewest_segments",
            "of two files of the same times that with fewer segments counts",
            "(-len(file.p_eb), str(file.path))",
            "(len(file.p_eb), str(file.path))",
        ),
        (
            "stars_as_text",
            "stars are in the order of their numbers' digits",
            "return catalogue, int(number)",
            "return catalogue, len(number) and number",
        ),
        (
            "weakest_peak",
            "a star has its weakest periodogram's peak",
            "return max((file.peak for file in self.files)",
            "return min((file.peak for file in self.files)",
        ),
    ),
    *_client(
        "surveys/calnet/prepare/inputs",
        "client/surveys/calnet/prepare/test_inputs.py",
        (
            "overlap_twice",
            "what two files cover both counts twice",
            "if not result or segment.time[0] > result[-1].time[-1]:",
            "if True:",
        ),
    ),
    *_client(
        "surveys/calnet/work",
        "client/surveys/calnet/test_work.py::test_answers_fall_into_place_in_any_order",
        (
            "batch_misplaced",
            "the scores of a second batch overwrite those of the first",
            "self.scored.p_eb[where] = outputs[self.probability][:, 0]",
            "answer = outputs[self.probability][:, 0]\n"
            "        self.scored.p_eb[: len(answer)] = answer",
        ),
    ),
    *_client(
        "surveys/calnet/catalogue",
        "client/surveys/calnet/test_catalogue.py",
        (
            "n_positive_above",
            "a segment that reaches the threshold does not count as positive",
            "(star.scores.astype(np.float64) >= threshold).sum()",
            "(star.scores.astype(np.float64) > threshold).sum()",
        ),
        (
            "one_segment_always",
            "a star of one segment is said to rest on one of several",
            '"one_segment": (n_positive == 1) & (n_segments > 1)',
            '"one_segment": n_positive == 1',
        ),
    ),
    *_client(
        "surveys/calnet/run",
        "serving/calnet/test_search.py"
        "::test_a_score_that_is_just_the_threshold_reaches_it",
        (
            "candidate_above",
            "a star that reaches the threshold is no candidate",
            "if star.p_eb >= threshold]",
            "if star.p_eb > threshold]",
        ),
        (
            "threshold_ignored",
            "the threshold that was asked for is not used",
            "threshold = options.threshold or learned.threshold",
            "threshold = learned.threshold",
        ),
    ),
)

SKIES: Final = (
    *_client(
        "surveys/asid/interpret/detections",
        "client/surveys/asid/interpret/test_detections.py",
        (
            "correction_inverted",
            "a source with half of its patch's exposure gets half of its flux",
            "factor = (given @ weights) / np.where(assumed, 1.0, own @ weights)",
            "factor = np.where(assumed, 1.0, own @ weights) / (given @ weights)",
        ),
        (
            "correction_unweighted",
            "all bands count alike for a flux",
            "weights = np.array(EXPOSURE_WEIGHTS)",
            "weights = np.full(len(EXPOSURE_WEIGHTS), 0.2)",
        ),
        (
            "patch_exposure_mixed",
            "fluxes are corrected from another patch's exposure",
            "for number in used])[patch_of]",
            "for number in used])[patch_of[::-1]]",
        ),
        (
            "peak_for_source",
            "the exposure is that of the peak and not of the source",
            "own = sky.exposure.at(found.sources)",
            "own = sky.exposure.at(found.vectors)",
        ),
        (
            "assumed_unsaid",
            "an exposure that is not known is not said to be assumed",
            "return np.ones(len(found)), np.ones(len(found), bool)",
            "return np.ones(len(found)), np.zeros(len(found), bool)",
        ),
    ),
    *_client(
        "surveys/asid/bands",
        "client/surveys/asid/test_bands.py",
        (
            "spectrum_harder",
            "a typical spectrum is E^-2.0",
            "SPECTRAL_INDEX: Final = 2.4",
            "SPECTRAL_INDEX: Final = 2.0",
        ),
    ),
    *_client(
        "surveys/asid/prepare/coverage",
        "client/surveys/asid/prepare/test_coverage.py",
        (
            "least_coverage",
            "a band with hardly more than a quarter of its photons is left out",
            "LEAST_COVERAGE: Final = 0.25",
            "LEAST_COVERAGE: Final = 0.27",
        ),
    ),
    *_client(
        "surveys/asid/bands",
        "client/surveys/asid/prepare/test_exposures.py"
        "::test_the_weights_are_of_the_bands_above_1_gev",
        (
            "weights_of_all",
            "bands below 1 GeV count for a flux above it",
            "    if band.low >= 1_000\n",
            "    if band.low >= 500\n",
        ),
    ),
    *_client(
        "surveys/asid/prepare/patches",
        "client/surveys/asid/interpret/test_detections.py "
        "client/surveys/asid/prepare/test_tiling.py"
        "::test_depth_is_that_of_the_deepest_patch "
        "client/surveys/asid/prepare/test_tiling.py"
        "::test_a_photon_lands_in_the_same_place_in_every_band",
        (
            "longitude_sign",
            "longitudes grow to the right in a patch",
            "return (y + HALF) * scale - 0.5, (HALF - x) * scale - 0.5",
            "return (y + HALF) * scale - 0.5, (HALF + x) * scale - 0.5",
        ),
        (
            "half_pixel",
            "rows are half a pixel off",
            "return HALF - (column + 0.5) * scale, (row + 0.5) * scale - HALF",
            "return HALF - (column + 0.5) * scale, row * scale - HALF",
        ),
        (
            "rotation_transposed",
            "patches are turned the wrong way",
            "[[cb * cl, cb * sl, sb], [-sl, cl, 0.0], [-sb * cl, -sb * sl, cb]]",
            "[[cb * cl, cb * sl, -sb], [-sl, cl, 0.0], [sb * cl, sb * sl, cb]]",
        ),
        (
            "depth_of_one_axis",
            "a patch's depth goes by the nearer edge of one axis",
            "HALF - np.maximum(np.abs(x), np.abs(y))",
            "HALF - np.minimum(np.abs(x), np.abs(y))",
        ),
    ),
    *_client(
        "surveys/asid/prepare/tiling",
        "client/surveys/asid/prepare/test_tiling.py"
        "::test_counts_are_those_of_every_photon_by_itself "
        "client/surveys/asid/prepare/test_tiling.py"
        "::test_every_direction_is_well_inside_a_patch "
        "client/surveys/asid/prepare/test_tiling.py"
        "::test_a_photon_lands_in_the_same_place_in_every_band",
        (
            "photons_at_corners",
            "photons outside a patch are counted at its edge",
            "inside = (np.abs(x) < HALF) & (np.abs(y) < HALF)",
            "inside = (np.abs(x) < HALF + 0.1) & (np.abs(y) < HALF + 0.1)",
        ),
        (
            "cell_reach",
            "photons of the cells at a patch's edge are lost",
            "_CELL_REACH: Final = 1.0",
            "_CELL_REACH: Final = 0.1",
        ),
        (
            "gap_latitude",
            "one ring of further patches is three degrees off",
            "(2.4, 12.1, 22.1, 33.243)",
            "(2.4, 12.1, 25.1, 33.243)",
        ),
        (
            "band_shrunk",
            "photons of a coarse band are counted on the next coarser grid",
            "shrink = (_FINEST // pixels)",
            "shrink = (2 * _FINEST // pixels)",
        ),
    ),
    *_client(
        "surveys/asid/interpret/peaks",
        "client/surveys/asid/interpret/test_peaks.py",
        (
            "response_unscaled",
            "the response depends on the scale",
            "return -(sigma**2) * smooth",
            "return -smooth",
        ),
        (
            "fraction_sign",
            "the fraction of a pixel has the wrong sign",
            "shift = 0.5 * (before - after)",
            "shift = 0.5 * (after - before)",
        ),
        (
            "suppression_chord",
            "detections are dropped within half of the radius",
            "chord = 2 * np.sin(np.radians(radius_degrees) / 2)",
            "chord = np.sin(np.radians(radius_degrees) / 2)",
        ),
        (
            "dropped_drops",
            "a detection that was dropped drops others",
            "        if kept[rank]:\n",
            "        if True:\n",
        ),
        (
            "cutout_shift",
            "cut-outs are one pixel off",
            "_pixel(c, band)[:, None] + window",
            "_pixel(c, band)[:, None] + window - (window > 0)",
        ),
        (
            "auxiliary_pixels",
            "the brightest of 2 x 2 pixels is taken for that of 3 x 3",
            "around = slice(middle - 1, middle + 2)",
            "around = slice(middle - 1, middle + 1)",
        ),
        (
            "floor_reached",
            "a peak of exactly the floor is taken",
            "& (height > floor)",
            "& (height >= floor)",
        ),
    ),
    *_client(
        "surveys/asid/interpret/detections",
        "client/surveys/asid/interpret/test_detections.py",
        (
            "offset_sign",
            "the network's offset is taken off along the row",
            "patch.vectors(x - dx, y + dy)",
            "patch.vectors(x + dx, y + dy)",
        ),
        (
            "edge_detections",
            "a detection at a patch's edge beats that of the patch that sees more",
            "_DEPTH_SLACK: Final = 0.2",
            "_DEPTH_SLACK: Final = 20.0",
        ),
        (
            "threshold_reached",
            "a score of exactly the threshold makes a source",
            "found = found[found.score > threshold]",
            "found = found[found.score >= threshold]",
        ),
    ),
    *_client(
        "surveys/asid/catalogue",
        "client/surveys/asid/test_catalogue.py",
        (
            "names_rounded",
            "names are rounded, not cut off",
            "tenths = np.floor(ra * 40)",
            "tenths = np.rint(ra * 40)",
        ),
    ),
    *_client(
        "surveys/asid/catalogue",
        "client/surveys/asid/test_catalogue.py",
        (
            "ln_ten",
            "errors of fluxes lack the factor ln(10)",
            "per_dex = flux * np.log(10)",
            "per_dex = flux",
        ),
        (
            "radii_swapped",
            "r68 is the circle of 95 %",
            "at_68, at_95 = calibration.radii",
            "at_95, at_68 = calibration.radii",
        ),
    ),
    *_client(
        "surveys/asid/learned",
        "client/surveys/asid/test_learned.py client/surveys/asid/test_catalogue.py",
        (
            "variance_for_sigma",
            "the error of a flux is the variance that the network says",
            "sigma = np.sqrt(variance)\n",
            "sigma = np.asarray(variance)\n",
        ),
        (
            "error_uncorrected",
            "the network's errors are taken for true",
            "sigma * np.interp(sigma, stated, true / stated)",
            "sigma * np.interp(sigma, stated, stated / stated)",
        ),
        (
            "plane_reached",
            "the plane of the systematic error is half as wide",
            "PLANE_DEGREES: Final = 10.0",
            "PLANE_DEGREES: Final = 5.0",
        ),
        (
            "candidates_unused",
            "the detector's threshold stays though the classifier judges",
            "else min(score, self.candidate_score)",
            "else score",
        ),
    ),
    *_client(
        "surveys/asid/interpret/descriptions",
        "client/surveys/asid/interpret/test_descriptions.py",
        (
            "position_variances_added",
            "the variances of both coordinates add up",
            '["offset_variance"].sum(axis=-2).mean(axis=-1)',
            '["offset_variance"].sum(axis=-2).sum(axis=-1)',
        ),
        (
            "epistemic_dropped",
            "a flux's variance is its aleatoric part alone",
            'kept["flux_variance"].sum(axis=-1)',
            'kept["flux_variance"][..., 0]',
        ),
    ),
    *_client(
        "surveys/asid/catalogue",
        "client/surveys/asid/test_catalogue.py",
        (
            "correction_of_log",
            "the correction of an exposure is added to a logarithm as it is",
            "found.log10_flux + np.log10(factor)",
            "found.log10_flux + factor",
        ),
        (
            "rows_unsorted",
            "rows are not in the order of right ascension",
            "order = np.lexsort((dec, ra))",
            "order = np.lexsort((ra, dec))",
        ),
    ),
    *_client(
        "surveys/asid/run",
        "client/surveys/asid/test_run.py",
        (
            "members_of_two_releases",
            "ensembles whose members differ are used together",
            "        if identities.get(member.name) != member.identity:\n",
            "        if False:\n",
        ),
    ),
    *_client(
        "surveys/asid/work",
        "client/surveys/asid/test_work.py",
        (
            "empty_places_taken",
            "empty places of the server's list become peaks",
            'self.peaks = Peaks(row, column, outputs["score"][:n_peaks])',
            'self.peaks = Peaks(row, column, outputs["score"])',
        ),
        (
            "many_missed",
            "a list that is too short is taken for whole",
            'self.many = n_peaks > len(outputs["score"])',
            "self.many = False",
        ),
    ),
    *_client(
        "surveys/asid/prepare/exposures",
        "client/surveys/asid/prepare/test_exposures.py",
        (
            "exposure_unit",
            "an exposure in m2 s is taken for cm2 s",
            "return float(units.Unit(text).to(_UNIT)) if text else 1.0",
            "return 1.0",
        ),
        (
            "energies_linear",
            "the exposure is interpolated in energy, not in its logarithm",
            "np.interp(np.log(nodes), np.log(energies), plane)",
            "np.interp(nodes, energies, plane)",
        ),
        (
            "photon_weights",
            "energies of a band count alike",
            "photons = nodes ** (1 - SPECTRAL_INDEX)",
            "photons = nodes**0.0",
        ),
        (
            "off_the_map",
            "a direction off the map has the exposure of its last pixel",
            "        found[index < 0] = np.nan\n",
            "        pass\n",
        ),
    ),
    *_client(
        "surveys/asid/prepare/maps",
        "client/surveys/asid/prepare/test_exposures.py "
        "client/surveys/asid/prepare/test_maps.py",
        (
            "exposure_energies_unit",
            "energies of an exposure map in GeV are taken for MeV",
            'factor = float(units.Unit(column.unit or "MeV").to("MeV"))',
            "factor = 1.0",
        ),
    ),
    *_client(
        "surveys/asid/prepare/repeats",
        "client/surveys/asid/prepare/test_gathering.py",
        (
            "photons_twice",
            "photons that two lists share count twice",
            "not bool((first[1:] > np.maximum.accumulate(last)[:-1]).all())",
            "False",
        ),
    ),
    *_client(
        "surveys/asid/prepare/selection",
        "client/surveys/asid/prepare/test_events.py",
        (
            "limb_kept",
            "photons of the Earth's limb count",
            'rows = rows[rows["zenith"] <= events.zenith]',
            "rows = rows[:]",
        ),
    ),
    *_client(
        "surveys/asid/prepare/selection",
        "client/surveys/asid/prepare/test_events.py"
        "::test_photons_go_to_the_band_that_holds_their_energy "
        "client/surveys/asid/prepare/test_events.py"
        "::test_energies_in_other_units_are_converted "
        "client/surveys/asid/prepare/test_events.py"
        "::test_equatorial_positions_are_turned_to_galactic_ones "
        "client/surveys/asid/prepare/test_events.py"
        "::test_a_photon_outside_the_stated_energies_does_not_count",
        (
            "energy_unit",
            "energies in GeV are taken for MeV",
            'energy = rows["energy"].astype(np.float64) * events.mev',
            'energy = rows["energy"].astype(np.float64)',
        ),
        (
            "band_edges",
            "a photon on the limit of two bands is in the lower one",
            'np.searchsorted(edges, energy, side="right")',
            'np.searchsorted(edges, energy, side="left")',
        ),
        (
            "frame_ignored",
            "equatorial photons are taken for Galactic ones",
            "rotation = None if events.galactic else to_galactic(ICRS()).T",
            "rotation = None",
        ),
        (
            "stray_photons",
            "photons outside the stated energies count",
            "    band[~stated] = _NO_BAND\n",
            "    pass\n",
        ),
    ),
    *_client(
        "surveys/asid/prepare/events",
        "client/surveys/asid/prepare/test_events.py",
        (
            "mixed_cuts",
            "lists that were selected differently count together",
            "        if other.cuts != first.cuts:\n",
            "        if False:\n",
        ),
    ),
    *_client(
        "surveys/asid/prepare/image_cubes",
        "client/surveys/asid/prepare/test_image_cubes.py",
        (
            "cube_off_by_one",
            "photons of a cube are one pixel off",
            "self.wcs.wcs_pix2world(x + dx, y + dy, 0)",
            "self.wcs.wcs_pix2world(x + dx, y + dy, 1)",
        ),
        (
            "cube_pixel_centres",
            "photons of a cube all sit at the centres of pixels",
            "dx, dy = random.uniform(-0.5, 0.5, size=(2, len(pixels)))",
            "dx, dy = np.zeros((2, len(pixels)))",
        ),
        (
            "off_sky_again_and_again",
            "many counts in a pixel off the sky keep a reader busy for minutes",
            "if draw == _FEW_DRAWS:",
            "if False:",
        ),
    ),
    *_client(
        "surveys/asid/prepare/healpix_cubes",
        "client/surveys/asid/prepare/test_healpix_cubes.py",
        (
            "nested_as_ring",
            "NESTED maps are read as RING",
            '"NESTED": "nested"',
            '"NESTED": "ring"',
        ),
        (
            "cell_corners",
            "photons of a cell all sit at its southern corner",
            "dx, dy = random.uniform(size=(2, len(pixels)))",
            "dx, dy = np.zeros((2, len(pixels)))",
        ),
    ),
    *_client(
        "surveys/asid/prepare/scatter",
        "client/surveys/asid/prepare/test_image_cubes.py",
        (
            "brightest_passes",
            "a pixel may be brighter than any of the sky",
            "        _check_brightest(plane, pixel_degrees, path)\n",
            "",
        ),
        (
            "repeated_shift",
            "a pixel's first photon goes to the pixel before",
            'np.searchsorted(ends, photons, side="right")',
            'np.searchsorted(ends, photons, side="left")',
        ),
        (
            "fractions_cut",
            "a smoothed map is taken for counts",
            '(here & (counts != np.rint(counts)), "not whole numbers")',
            '(here & (counts != counts), "not whole numbers")',
        ),
    ),
    *_client(
        "surveys/asid/prepare/footprints",
        "client/surveys/asid/prepare/test_footprints.py",
        (
            "footprint_off_by_one",
            "an image's footprint is one pixel off",
            "x, y = self.wcs.wcs_world2pix(lon, lat, 0)",
            "x, y = self.wcs.wcs_world2pix(lon, lat, 1)",
        ),
        (
            "whole_turns",
            "longitudes beyond an image's reference by a turn are outside",
            "            x = x % self._period\n",
            "            pass\n",
        ),
        (
            "edge_distance",
            "the edge is looked for at half of the distance",
            "np.linspace(0, degrees, n_rings + 1)[1:]",
            "np.linspace(0, degrees / 2, n_rings + 1)[1:]",
        ),
    ),
    *_client(
        "surveys/asid/prepare/channels",
        "client/surveys/asid/prepare/test_channels.py",
        (
            "channels_overlap",
            "channels that overlap count their photons twice",
            "        if two.low < one.high * (1 - _ROUNDING):\n",
            "        if False:\n",
        ),
    ),
    *_client(
        "surveys/asid/prepare/cuts",
        "client/surveys/asid/prepare/test_cuts.py",
        (
            "cuts_joined",
            "two cuts on energy select what either does",
            "ranges if energies is None else _common(energies, ranges)",
            "ranges if energies is None else _merged([*energies, *ranges])",
        ),
    ),
    *_client(
        "surveys/asid/interpret/associations",
        "client/surveys/asid/interpret/test_associations.py",
        (
            "limit_ratio",
            "counterparts are looked for within 95 %, not 99.9 %",
            "np.sqrt(np.log(1e-3) / np.log(0.05))",
            "np.sqrt(np.log(5e-2) / np.log(0.05))",
        ),
        (
            "farthest_counterpart",
            "the farthest of several counterparts is taken",
            "best[row] = place[distance.argmin()]",
            "best[row] = place[distance.argmax()]",
        ),
        (
            "extent_ignored",
            "extended sources are counterparts at their centres alone",
            "_LARGER * np.hypot(one, other) + extent",
            "_LARGER * np.hypot(one, other)",
        ),
    ),
)

IMAGES: Final = (
    *_client(
        "surveys/morpheus/interpret/sums",
        "client/surveys/morpheus/interpret/test_sums.py",
        (
            "margin_narrower",
            "one more pixel of each window's margin counts",
            "core = probabilities[:, MARGIN:-MARGIN, MARGIN:-MARGIN, :]",
            "core = probabilities[:, MARGIN - 1 : -MARGIN - 1, MARGIN:-MARGIN, :]",
        ),
        (
            "variance_unsquared",
            "the variance is the mean of the squares",
            "second - mean * mean",
            "second - mean",
        ),
        (
            "vote_tie",
            "equal labels all get a vote",
            "if np.count_nonzero(voted) > voted.size // voted.shape[1]:",
            "if False:",
        ),
        (
            "overlap_lost",
            "what two strips both judge is kept of one of them",
            "                part.add(overlap)\n",
            "                pass\n",
        ),
        (
            "probabilities_cut",
            "probabilities are cut to multiples of 2^-26, not rounded",
            "whole = np.rint(answers * _SCALE)",
            "whole = np.floor(answers * _SCALE)",
        ),
        (
            "per_window_count",
            "means of pixels that no window judged are divided by nothing",
            "sums / np.maximum(self.count, 1)",
            "sums / np.maximum(self.count, 2)",
        ),
    ),
    *_client(
        "surveys/morpheus/prepare/windows",
        "client/surveys/morpheus/prepare/test_windows.py",
        (
            "last_window",
            "the last window of a row is left out",
            "    if starts[-1] != length - WINDOW:\n",
            "    if False:\n",
        ),
        (
            "windows_transposed",
            "windows are cut with rows and columns exchanged",
            "views.transpose(0, 1, 3, 4, 2)[ys, xs]",
            "views.transpose(0, 1, 4, 3, 2)[ys, xs]",
        ),
        (
            "bad_pixels_seen",
            "windows with one bad pixel are sent",
            "iy, ix = np.nonzero(n_bad == 0)",
            "iy, ix = np.nonzero(n_bad <= 1)",
        ),
    ),
    *_client(
        "surveys/morpheus/interpret/segmentation",
        "client/surveys/morpheus/interpret/test_segmentation.py::TestSegment"
        "::test_two_sources_and_the_edge "
        "client/surveys/morpheus/interpret/test_segmentation.py::TestSegment"
        "::test_peaks_within_20_pixels_are_of_one_source "
        "client/surveys/morpheus/interpret/test_segmentation.py::TestSegment"
        "::test_separates_peaks",
        (
            "sky_sources",
            "only pixels that no window calls background seed a source",
            "seeds = island & (background <= threshold)",
            "seeds = island & (background < threshold)",
        ),
        (
            "deblend_distance",
            "peaks of one source ten pixels apart part it",
            "MIN_DISTANCE: Final = 20",
            "MIN_DISTANCE: Final = 10",
        ),
        (
            "deblend_flux",
            "a source is parted at the valleys of its light",
            "parts = watershed(-light, markers, mask=filled)",
            "parts = watershed(light, markers, mask=filled)",
        ),
        (
            "unclassified_sky",
            "pixels that nothing judged are called sky",
            "labels[strip][~(count[strip] > 0)] = UNCLASSIFIED",
            "labels[strip][~(count[strip] >= 0)] = UNCLASSIFIED",
        ),
    ),
    *_client(
        "surveys/morpheus/interpret/measurement",
        "client/surveys/morpheus/interpret/test_measurement.py::TestMeasure",
        (
            "share_unweighted",
            "a class's share is not weighted with the flux",
            "self.weighted[i] += total(share * light)",
            "self.weighted[i] += total(share)",
        ),
        (
            "spread_of_sum",
            "the spread grows with the number of pixels",
            "spread = np.sqrt(sums.variance[:, ids] / sums.area[ids])",
            "spread = np.sqrt(sums.variance[:, ids])",
        ),
        (
            "negative_light",
            "negative pixels take part in the weighting by positive flux",
            "total(share * np.maximum(light, 0))",
            "total(share * light)",
        ),
        (
            "positions_swapped",
            "rows and columns of positions are exchanged",
            "wcs.celestial.pixel_to_world(x, y).icrs",
            "wcs.celestial.pixel_to_world(y, x).icrs",
        ),
        (
            "position_off_by_one",
            "positions are one pixel off",
            "wcs.celestial.pixel_to_world(x, y).icrs",
            "wcs.celestial.pixel_to_world(x + 1, y).icrs",
        ),
        (
            "faintest_pixel",
            "a source is at its faintest pixel",
            "order = np.lexsort((where, -light, owner))",
            "order = np.lexsort((where, light, owner))",
        ),
    ),
    *_client(
        "surveys/morpheus/work",
        "client/surveys/morpheus/test_work.py",
        (
            "bands_in_other_order",
            "the network sees the bands in another order",
            "payload.images[band].rows(*payload.strip.rows) for band in BANDS]",
            "payload.images[band].rows(*payload.strip.rows) for band in BANDS[::-1]]",
        ),
    ),
    *_client(
        "files/grids",
        "client/files/test_grids.py::TestGrid client/files/test_images.py"
        "::test_thousands_of_cards_and_sip_without_suffix",
        (
            "grid_tolerance",
            "bands that lie a pixel apart pass for one grid",
            "        if not offset <= GRID_TOLERANCE_PIXELS:\n",
            "        if not offset <= 2.0:\n",
        ),
        (
            "corner_of_one",
            "grids are compared at one corner alone",
            "x, y = np.meshgrid([0, shape[1] - 1], [0, shape[0] - 1])",
            "x, y = np.meshgrid([0, 0], [0, 0])",
        ),
    ),
    *_client(
        "files/wcs",
        "client/files/test_grids.py::TestGrid client/files/test_images.py"
        "::test_thousands_of_cards_and_sip_without_suffix",
        (
            "sip_counts",
            "distortions that no longer apply are applied",
            '    if not str(header.get("CTYPE1", "")).endswith("-SIP"):\n',
            "    if False:\n",
        ),
    ),
    *_client(
        "files/image_hdus",
        "client/files/test_image_hdus.py",
        (
            "weights_for_science",
            "a map of weights is taken for an image of the sky",
            "kind = 0 if words & _SCIENCE else _LAST if words & _AUXILIARY else 1",
            "kind = 0 if words & _SCIENCE else 1",
        ),
        (
            "first_of_all",
            "the first image of a file is read, whatever it is",
            "    best = min(images, key=_rank)\n",
            "    best = images[0]\n",
        ),
    ),
    *_client(
        "surveys/morpheus/prepare/filters",
        "client/surveys/morpheus/prepare/test_filters.py",
        (
            "swapped_bands",
            "bands stay in the order in which they were given",
            "    if all(band == own for band, own in stated.items()):\n",
            "    if True:\n",
        ),
    ),
    *_client(
        "surveys/morpheus/prepare/units",
        "client/surveys/morpheus/prepare/test_units.py",
        (
            "counts_for_rates",
            "counts are not divided by the exposure time",
            "factor = float((unit / target).to(u.s)) / seconds",
            "factor = float((unit / target).to(u.s))",
        ),
    ),
    *_client(
        "surveys/morpheus/prepare/blank",
        "client/surveys/morpheus/prepare/test_blank.py",
        (
            "borders_hold_data",
            "small areas of zeros at the edge count as data",
            "large = (size >= HOLE_PIXELS) | (edge & (size >= EDGE_PIXELS))",
            "large = size >= HOLE_PIXELS",
        ),
        (
            "areas_end_at_strips",
            "an area of zeros ends where a strip of rows does",
            "            joints.append(np.stack([above[both], labels[0][both]]))\n",
            "            pass\n",
        ),
    ),
    *_client(
        "surveys/morpheus/prepare/conditions",
        "client/surveys/morpheus/prepare/test_inputs.py",
        (
            "any_scale",
            "pixels of any scale pass for those of the training",
            "if not off.max() <= SCALE_TOLERANCE else None",
            "if off.max() > 100 else None",
        ),
    ),
    *_client(
        "files/headers",
        "client/files/test_headers.py",
        (
            "any_number_of_axes",
            "a header of a hundred million axes is read",
            "if (n := sizes.get(name, 0)) > _MOST:",
            "if (n := sizes.get(name, 0)) < 0:",
        ),
        (
            "first_header_alone",
            "headers after the first are not looked at",
            "    while sizes := _next_sizes(file):\n",
            "    for sizes in [_next_sizes(file)]:\n",
        ),
    ),
    *_client(
        "files/compression",
        "client/files/test_compression.py",
        (
            "packed_as_plain",
            "packed files are read as if they were plain",
            'return path.open("rb") if module is None else',
            'return path.open("rb") if True else',
        ),
    ),
    *_client(
        "files/catalogues",
        "client/files/test_catalogues.py",
        (
            "metadata_as_they_are",
            "metadata that FITS cannot hold are dropped",
            "plain.meta = changed(catalogue.meta, fits_text)",
            "plain.meta = catalogue.meta",
        ),
    ),
    *_client(
        "server/supervised",
        "client/server/test_supervised.py",
        (
            "no_grace",
            "a server on the network has no time for its requests",
            '            "grace": grace,\n',
            '            "grace": 0,\n',
        ),
    ),
    *_client(
        "files/frames",
        "client/files/test_frames.py",
        (
            "half_a_day",
            "epochs are declared half a day off",
            "_MJD_ZERO: Final = 2400000.5",
            "_MJD_ZERO: Final = 2400000.0",
        ),
    ),
)

LEARNED: Final = (
    *_of(
        "training/amphitrite_training",
        "surveys/calnet/calibrate",
        "training/surveys/calnet/test_calibrate.py",
        (
            "cautious_not",
            "the recommended threshold profits from few false positives by chance",
            "false_positives=Share(counted.n_hits + 1, counted.n + 1)",
            "false_positives=Share(counted.n_hits, counted.n + 1)",
        ),
    ),
    *_of(
        "training/amphitrite_training",
        "surveys/asid/heads/calibrate",
        "training/surveys/asid/heads/test_calibrate.py",
        (
            "cut_loses_sources",
            "the classifier's cut keeps fewer sources than the detector's threshold",
            "kept = min(float(peaks.is_detection[real].mean()) + ",
            "kept = min(float(peaks.is_detection[real].mean()) - ",
        ),
    ),
)

SHARED: Final = _client(
    "triton/sharing",
    "client/triton/test_sharing.py",
    (
        "file_left",
        "every run leaves files in the machine's memory",
        "            path.unlink()\n",
        "            pass\n",
    ),
    (
        "region_lent_twice",
        "two requests overwrite each other",
        "                    self._free.remove(region)\n",
        "",
    ),
    (
        "no_room_left",
        "the server has no memory left for its own work",
        "if size > _LARGEST_SHARE * found",
        "if size > 100 * found",
    ),
)

CLOSED: Final = (
    *_client(
        "server/layout",
        "client/server/test_layout.py",
        (
            "control_open",
            "whoever reaches the server can load a program into it",
            '"--model-control-mode=none"',
            '"--model-control-mode=explicit"',
        ),
        (
            "http_unrestricted",
            "shared memory, logging and tracing are open over HTTP",
            '        f"--http-restricted-api={CLOSED}",\n',
            "",
        ),
        (
            "grpc_unrestricted",
            "shared memory, logging and tracing are open over gRPC",
            '        f"--grpc-restricted-protocol='
            '{CLOSED_TO_OWNER if private else CLOSED}",\n',
            "",
        ),
        (
            "memory_shared_with_everybody",
            "whoever reaches the server can let it read any shared memory",
            "{CLOSED_TO_OWNER if private else CLOSED}",
            "{CLOSED_TO_OWNER}",
        ),
        (
            "environment_passed_on",
            "tokens of the caller's environment reach the server",
            "if PASSED_ON.fullmatch(name)",
            'if PASSED_ON.fullmatch(name) or "_" in name',
        ),
        (
            "weights_of_the_folder",
            "others than the checked configurations are served",
            "        path.write_text(text)\n",
            "        path.symlink_to(model.folder / relative)\n",
        ),
    ),
    *_client(
        "server/host",
        "client/server/test_host.py",
        (
            "key_that_can_be_sent",
            "a header opens what is closed",
            "shared-memory,logging,trace:closed:to-all=nobody",
            "shared-memory,logging,trace:closed=nobody",
        ),
        (
            "container_on_every_address",
            "the container that a message advises is open to the network",
            "-p 127.0.0.1:8000-8002:8000-8002",
            "-p 8000-8002:8000-8002",
        ),
    ),
    *_client(
        "server/listening",
        "client/server/test_listening.py"
        "::test_a_private_server_has_sockets_in_its_folder",
        (
            "listens_on_a_port",
            "a command's own server listens on a port",
            '                f"--http-address={http}",\n',
            '                "--http-address=127.0.0.1",\n',
        ),
    ),
    *_client(
        "server/run_folders",
        "client/server/test_run_folders.py",
        (
            "path_with_a_shell",
            "a run's folder may have a path that a shell reads",
            '_PLAIN: Final = re.compile(r"[A-Za-z0-9._+=@/-]+")',
            '_PLAIN: Final = re.compile(r"[A-Za-z0-9._+=@/$() -]+")',
        ),
        (
            "others_may_rename",
            "a run's folder lies where others can exchange it",
            "    if not trusted or (found.st_mode & _OTHERS_WRITE and not sticky):\n",
            "    if False:\n",
        ),
        (
            "others_runs_swept",
            "folders of another user's runs are removed",
            "        entry.st_uid == os.getuid() and not",
            "        True and not",
        ),
    ),
    *_client(
        "server/served",
        "client/server/test_served.py",
        (
            "members_not_served",
            "an ensemble is served without its members",
            "            waiting.append(member)\n",
            "            pass\n",
        ),
    ),
    *_client(
        "server/room",
        "client/server/test_room.py",
        (
            "shared_memory_unchecked",
            "a server starts without room for its requests",
            'f"has room for {free:.1f} MB" if free < needed else None',
            'f"has room for {free:.1f} MB" if free < 0 else None',
        ),
        (
            "open_files_unchecked",
            "a server starts that may not open its files",
            "if most != resource.RLIM_INFINITY and most < needed:",
            "if most != resource.RLIM_INFINITY and most < 0:",
        ),
    ),
)

KEPT: Final = (
    *_client(
        "files/folders",
        "client/files/test_folders.py client/engine/test_staging.py"
        "::test_a_folder_that_looks_like_a_result_needs_the_marker "
        "client/engine/test_staging.py"
        "::test_what_has_the_name_of_a_part_is_left_alone "
        "client/engine/test_staging.py::test_notes_within_a_part_stay",
        (
            "marker_not_needed",
            "a folder without the marker is emptied",
            'if kind(folder) != "folder" or kind(marker) != "file":',
            'if kind(folder) != "folder":',
        ),
        (
            "guests_not_seen",
            "a user's file in a folder of ours is removed with it",
            "            found.append(path)\n",
            "            pass\n",
        ),
    ),
    *_client(
        "files/replacing",
        "client/files/test_replacing.py client/engine/test_staging.py"
        "::test_what_appears_meanwhile_is_not_replaced "
        "client/engine/test_staging.py"
        "::test_what_slips_in_at_the_last_moment_is_put_back",
        (
            "replaced_unseen",
            "what appeared under a result's name meanwhile is replaced",
            "        if sighting(new) != instead_of:\n",
            "        if False:\n",
        ),
        (
            "not_put_back",
            "what was swapped by mistake stays swapped",
            "            renaming.exchange(new, name)\n            raise",
            "            raise",
        ),
    ),
    *_client(
        "files/writing",
        "client/engine/test_staging.py"
        "::test_all_is_on_the_disk_before_it_gets_its_name",
        (
            "published_unsynced",
            "a result gets its name before it is on the disk",
            "os.fsync(",
            "int(",
        ),
    ),
    *_client(
        "files/standing",
        "client/files/test_standing.py client/engine/test_staging.py"
        "::test_what_is_no_regular_file_is_refused_by_name",
        (
            "pipes_replaced",
            "a pipe or a device is replaced by a result",
            'if found not in (None, "file", "folder"):\n        raise OutputError(',
            "if False:\n        raise OutputError(",
        ),
        (
            "links_replaced",
            "a link is replaced by a result",
            '    if found == "link":\n',
            "    if False:\n",
        ),
    ),
    *_client(
        "files/locks",
        "client/engine/test_staging.py"
        "::test_a_file_system_without_locks_is_no_obstacle "
        "client/engine/test_staging.py"
        "::test_runs_without_locks_keep_apart_and_outlive_a_kill",
        (
            "no_locks_fail",
            "a file system without locks ends a run",
            "*(errno.ENOSYS, errno.ENOLCK, errno.EINVAL),",
            "*(errno.EINVAL,),",
        ),
        (
            "running_ignored",
            "without locks two runs write into one folder",
            "ended, holder = False, f",
            "ended, holder = True, f",
        ),
    ),
    *_client(
        "engine/shards",
        "client/engine/test_shards.py",
        (
            "shard_takes_all",
            "every shard does the whole survey",
            "        return shard_of(key, self.count) == self.index\n",
            "        return True\n",
        ),
    ),
    *_client(
        "engine/partfiles",
        "client/engine/test_partfiles.py",
        (
            "part_end_ignored",
            "a part that is cut off is merged",
            "        if frame.key != _END or frame.end != end or end != size:\n",
            "        if False:\n",
        ),
    ),
    *_client(
        "engine/merging",
        "client/engine/test_merging.py",
        (
            "missing_parts_ignored",
            "a catalogue is made without the inputs of a missing part",
            "    if missing:\n",
            "    if False:\n",
        ),
    ),
    *_client(
        "engine/frames",
        "client/engine/test_journal.py",
        (
            "journal_digest_ignored",
            "a damaged frame of the journal is believed",
            "    if head[-_CHECKSUM:] != _digest(",
            "    if False and head[-_CHECKSUM:] != _digest(",
        ),
        (
            "journal_stops_at_damage",
            "what the journal holds behind damage is lost",
            "            place = _find(descriptor, place + 1)\n",
            "            place = None\n",
        ),
    ),
    *_client(
        "engine/journal",
        "client/engine/test_journal.py",
        (
            "journal_loss_unsaid",
            "nobody is told how much of a journal is lost",
            "            self._report_lost(n_bytes, sum(lost for *_, lost in new))\n",
            "            pass\n",
        ),
    ),
)

WEIGHTS: Final = (
    *_client(
        "server/onnx_backend",
        "client/server/test_onnx_backend.py",
        (
            "backend_believes",
            "a server runs other weights than its spec names",
            "    if found != digest:\n",
            "    if False:\n",
        ),
        (
            "backend_without_spec",
            "a version without a spec of its own runs unverified beside others",
            "if not any(name.startswith(SPEC) for name in parameters):",
            'if f"{SPEC}{version}" not in parameters:',
        ),
        (
            "file_read_twice",
            "what is run may have changed since it was hashed",
            "        file = checked(path, config, folder.name, digest)\n",
            "        checked(path, config, folder.name, digest)\n",
        ),
    ),
    *_client(
        "triton/connection",
        "serving/test_weights.py"
        "::test_an_answer_that_cannot_be_is_an_error_and_no_product",
        (
            "answers_unchecked",
            "an answer that is not finite becomes a product",
            "                check_answer(model.spec, tensors, answer)\n",
            "                pass\n",
        ),
    ),
    *_client(
        "triton/connection",
        "serving/test_weights.py::test_what_a_model_does_not_take_never_leaves",
        (
            "requests_unchecked",
            "numbers that a model does not take are sent",
            "        check_request(model.spec, tensors)\n",
            "        pass\n",
        ),
    ),
    *_client(
        "triton/connection",
        "serving/test_weights.py::test_a_member_that_learned_something_else_is_noticed",
        (
            "member_identity_ignored",
            "an ensemble one of whose members was replaced is used",
            '("spec", member.identity, served.identity),',
            '("spec", member.identity, member.identity),',
        ),
    ),
    *_client(
        "triton/served",
        "serving/test_weights.py::test_other_weights_at_the_same_address_end_the_run",
        (
            "changed_weights_unseen",
            "a run goes on with the weights of another model",
            "        if now.state != self.state:\n",
            "        if False:\n",
        ),
    ),
    *_client(
        "triton/spec",
        "client/triton/test_spec.py",
        (
            "identity_of_weights",
            "two models that learned different values have one identity",
            '"sha256:" + hashlib.sha256(self.to_json().encode()).hexdigest()',
            '"sha256:" + hashlib.sha256(self.digest.encode()).hexdigest()',
        ),
    ),
    *_client(
        "triton/answers",
        "client/triton/test_answers.py",
        (
            "range_ignored",
            "a probability of 2 is taken",
            "if finite and least <= lowest and highest <= most:",
            "if finite:",
        ),
        (
            "nan_passes",
            "NaN is taken for an answer",
            "finite = math.isfinite(lowest) and math.isfinite(highest)",
            "finite = True",
        ),
        (
            "unfilled_judged",
            "NaN in a place without a peak is refused",
            "values = values[_filled(filler, values.shape[1])]",
            "values = values[:]",
        ),
    ),
    *_client(
        "engine/execution",
        "client/engine/test_execution.py",
        (
            "unconfirmed",
            "weights that changed without a break end up in one product",
            "    run.confirm()\n",
            "    pass\n",
        ),
    ),
    *_client(
        "engine/provenance",
        "client/engine/test_provenance.py",
        (
            "products_name_the_file",
            "MODELSUM does not cover what was learned",
            "model_sum=model.spec.identity,",
            "model_sum=model.spec.digest,",
        ),
    ),
)

INSTALLED: Final = (
    *_client(
        "triton/plain_models",
        "client/triton/test_plain_models.py",
        (
            "programs_allowed",
            "a model may bring a program",
            "            if ensemble or entry != file:\n",
            "            if False:\n",
        ),
        (
            "other_entries_allowed",
            "a model's folder may hold anything",
            "            else:\n                raise self._foreign(entry)\n",
            "            else:\n                pass\n",
        ),
        (
            "linked_cards",
            "a card may be a link to anything",
            "        if path.is_symlink() or not path.is_file():\n",
            "        if not path.is_file():\n",
        ),
    ),
    *_client(
        "triton/plain_configs",
        "client/triton/test_plain_models.py",
        (
            "accelerators_name_files",
            "a configuration may name files for an accelerator",
            '"trt_int8_enable",\n',
            '"trt_int8_enable",\n            "trt_engine_cache_path",\n',
        ),
        (
            "session_entries_free",
            "a configuration may set any option of a session",
            '"session.disable_prepacking",\n',
            '"session.disable_prepacking",\n        "session.save_model_format",\n',
        ),
    ),
    *_client(
        "files/checksums",
        "client/files/test_checksums.py",
        (
            "archive_sum_ignored",
            "an archive with another checksum is installed",
            "    if have != match[1]:\n",
            "    if False:\n",
        ),
    ),
    *_client(
        "files/archives",
        "client/files/test_archives.py",
        (
            "archive_links",
            "an archive may bring links",
            "            if kind not in (0, stat.S_IFREG, stat.S_IFDIR):\n",
            "            if False:\n",
        ),
    ),
    *_client(
        "files/unpacking",
        "client/files/test_archives.py",
        (
            "unpacked_without_end",
            "ten gigabytes of zeros are unpacked",
            "if not 0 <= size <= min(FILE_BYTES, UNPACKED_BYTES - self._bytes):",
            "if not 0 <= size:",
        ),
        (
            "entries_without_end",
            "an archive of a million entries is unpacked",
            "        if self._entries > ENTRIES:\n",
            "        if False:\n",
        ),
        (
            "outside_the_folder",
            "an archive writes outside of its folder",
            'if name.startswith("/") or ".." in parts or len(parts) > _DEPTH:',
            "if len(parts) > _DEPTH:",
        ),
    ),
    *_client(
        "files/downloads",
        "client/files/test_downloads.py",
        (
            "redirect_downgraded",
            "a redirect leads from https to http",
            "safe = is_safe_url(newurl) or not is_safe_url(req.full_url)",
            "safe = True",
        ),
        (
            "short_download",
            "a download that ended early is taken",
            "    if size is not None and received != size:\n",
            "    if size is not None and received > size:\n",
        ),
        (
            "download_without_end",
            "an answer without an end is read for ever",
            "        if received > PACKED_BYTES:\n",
            "        if False:\n",
        ),
    ),
    *_client(
        "triton/repository",
        "client/triton/test_repository.py"
        "::test_what_comes_over_http_needs_a_checksum "
        "client/triton/test_repository.py"
        "::test_a_damaged_file_is_refused_and_nothing_is_replaced",
        (
            "http_without_sum",
            "what anybody on the way could change is installed",
            "if is_url(text) and not is_safe_url(text) and sha256 is None:",
            "if False:",
        ),
        (
            "model_digest_ignored",
            "a model whose file is not the one of its spec is installed",
            "        if digest != spec.digest:\n",
            "        if False:\n",
        ),
    ),
    *_client(
        "files/generations",
        "client/files/test_generations.py"
        "::test_what_a_user_does_in_the_meantime_is_kept",
        (
            "changes_dropped",
            "what somebody did to the models meanwhile is lost",
            "    if changed:\n",
            "    if False:\n",
        ),
    ),
    *_client(
        "server/private",
        "client/server/test_provision.py"
        "::test_a_marker_that_others_could_have_written_is_not_believed "
        "client/server/test_provision.py"
        "::test_what_another_user_owns_is_not_believed",
        (
            "marker_of_another",
            "an environment that another user made is run",
            "        if state.st_uid not in (0, os.geteuid()):\n",
            "        if False:\n",
        ),
        (
            "marker_open",
            "an environment that others may write to is run",
            "        if not stat.S_ISLNK(state.st_mode) and _is_open(",
            "        if False and _is_open(",
        ),
    ),
    *_client(
        "server/installing",
        "client/server/test_installing.py",
        (
            "pip_destination",
            "pip's variables say where the server is installed",
            '        if not name.upper().startswith("PIP_")\n',
            '        if not name.startswith("PIP_NO")\n',
        ),
        (
            "pip_files",
            "pip's files of settings count",
            '"PIP_CONFIG_FILE": os.devnull,',
            '"PIP_CONFIG": os.devnull,',
        ),
        (
            "passwords_shown",
            "passwords of an index are shown",
            'return _SECRET.sub("//****@", text)',
            "return text",
        ),
    ),
)

AROUND: Final = (
    *_client(
        "triton/addresses",
        "client/triton/test_addresses.py",
        (
            "ipv6_without_brackets",
            "an IPv6 address without brackets is taken for a host and a port",
            '    if text.count(":") > 1:\n',
            "    if False:\n",
        ),
        (
            "port_zero",
            "port 0 is taken for one",
            "    if not 0 < number < 65536:\n",
            "    if not 0 <= number < 65536:\n",
        ),
    ),
    *_client(
        "triton/probing",
        "client/triton/test_probing.py",
        (
            "tls_unknown",
            "a port that speaks TLS is not told",
            "        if self._speaks_tls():\n",
            "        if False:\n",
        ),
    ),
    *_client(
        "triton/probing",
        "serving/test_status.py::test_models_that_nobody_asked_for_are_no_failure",
        (
            "http_port_unknown",
            "Triton's HTTP port is not told from another service",
            'if b\'"name":"triton"\' in answer.replace(b" ", b""):',
            "if False:",
        ),
    ),
    *_client(
        "commands/status",
        "serving/test_status.py::test_models_that_nobody_asked_for_are_no_failure",
        (
            "not_loaded_fails",
            "models that nobody asked for make status fail",
            "model.server in serving and model.state != NOT_READY for model in models",
            "model.server in serving and model.ready for model in models",
        ),
    ),
)

EMRI: Final = (
    *_client(
        "surveys/emri/prepare/noise_curve",
        "client/surveys/emri/prepare/test_noise_curve.py",
        (
            "one_test_mass",
            "the acceleration noise is that of one test mass",
            "force = 4 * ACCELERATION_NOISE",
            "force = 2 * ACCELERATION_NOISE",
        ),
    ),
    *_client(
        "surveys/emri/prepare/whitening",
        "client/surveys/emri/prepare/test_whitening.py",
        (
            "two_sided_noise",
            "the noise curve is taken for a two-sided one",
            "np.sqrt(2 * SAMPLE_SECONDS /",
            "np.sqrt(SAMPLE_SECONDS /",
        ),
        (
            "untapered",
            "a stretch is whitened without a taper",
            "ramped = strain * ramps(n, taper) if taper else strain",
            "ramped = strain",
        ),
        (
            "nyquist_twice",
            "the Nyquist frequency counts for a pair",
            "        density[..., -1] /= 2\n",
            "        pass\n",
        ),
    ),
    *_client(
        "surveys/emri/prepare/segments",
        "client/surveys/emri/prepare/test_segments.py",
        (
            "gap_kept",
            "what stands in a gap is judged",
            "        result *= window(stretch.missing)\n",
            "        pass\n",
        ),
        (
            "block_of_another_time",
            "the segments of a block are said to begin with the block",
            "            stretch.start + begin * SAMPLE_SECONDS,\n",
            "            stretch.start,\n",
        ),
        (
            "ramps_in_segments",
            "the ramps of whitening lie in a block's segments",
            "    begin = max(0, firsts[0] - TAPER)\n",
            "    begin = firsts[0]\n",
        ),
        (
            "uneven_steps_as_even",
            "segments at uneven steps are cut as if the steps were even",
            "    if (steps != step).any():\n",
            "    if False:\n",
        ),
        (
            "end_not_reached",
            "the last segment does not end with the stretch",
            "    return [*range(0, spare, step), spare]\n",
            "    return [*range(0, spare + 1, step)]\n",
        ),
    ),
    *_client(
        "surveys/emri/prepare/spectrum",
        "client/surveys/emri/prepare/test_spectrum.py",
        (
            "median_for_mean",
            "the median power of noise is taken for its mean",
            "math.sqrt(math.log(2) * np.square(hann",
            "math.sqrt(np.square(hann",
        ),
    ),
    *_client(
        "surveys/emri/prepare/curves",
        "client/surveys/emri/prepare/test_curves.py",
        (
            "amplitude_for_power",
            "an amplitude is taken for a power spectral density",
            "        psd = psd**2\n",
            "        pass\n",
        ),
        (
            "one_curve_for_both",
            "channel II is whitened with the noise curve of channel I",
            "    return tuple(curves)\n",
            "    return (curves[0], curves[0])\n",
        ),
    ),
    *_client(
        "surveys/emri/catalogue",
        "client/surveys/emri/test_catalogue.py",
        (
            "leap_seconds_forgotten",
            "GPS seconds are taken for UTC",
            "for text in times.utc.isot]",
            "for text in times.isot]",
        ),
    ),
    *_client(
        "surveys/emri/prepare/strain",
        "client/surveys/emri/prepare/test_strain.py",
        (
            "overlap_joined",
            "files that overlap are joined without a word",
            "        if two.start < one.end - _OFF_GRID * SAMPLE_SECONDS:\n",
            "        if False:\n",
        ),
        (
            "gap_of_a_day_and_more",
            "a gap that is a sample too long is bridged",
            "np.diff(there) > MOST_MISSING + 1)",
            "np.diff(there) > MOST_MISSING + 2)",
        ),
    ),
    *_client(
        "surveys/emri/prepare/resampling",
        "client/surveys/emri/prepare/test_resampling.py",
        (
            "aliased",
            "faster strain is thinned out without a filter",
            'signal.resample_poly(filled, 1, together, axis=1, padtype="line")',
            "filled[:, ::together].copy()",
        ),
    ),
    *_client(
        "surveys/emri/prepare/strain_files",
        "client/surveys/emri/prepare/test_strain_files.py",
        (
            "time_jumps_back",
            "times that jump back are taken",
            "    if (steps <= 0).any():\n",
            "    if False:\n",
        ),
        (
            "unit_ignored",
            "strain in metres is taken",
            "    if unit.strip().lower() not in _NO_UNITS:\n",
            "    if False:\n",
        ),
    ),
    *_of(
        "training/amphitrite_training",
        "surveys/emri/simulate/orbits",
        "training/surveys/emri/simulate/test_orbits.py",
        (
            "no_spin_drag",
            "the spin of the black hole does not turn the pericentre",
            "- 3 * cosine * node_rate",
            "- 0 * cosine * node_rate",
        ),
        (
            "later_ignored",
            "an early inspiral plunges in the segment",
            "int(inspiral.later // step)",
            "0",
        ),
    ),
    *_of(
        "training/amphitrite_training",
        "surveys/emri/simulate/waveforms",
        "training/surveys/emri/simulate/test_waveforms.py",
        (
            "no_doppler",
            "the Earth stands still",
            "    angle = 2 * np.pi * delay\n",
            "    angle = 0 * np.pi * delay\n",
        ),
        (
            "pericentre_from_elsewhere",
            "the pericentre is counted from the spin and not from the line of sight",
            "cos = cos_peri * cos_beta - sin_peri * sin_beta",
            "cos = cos_peri",
        ),
        (
            "aliased_harmonics",
            "harmonics above the Nyquist frequency come back below it",
            "heard = number * frequency + turn <= CUT * NYQUIST_HZ",
            "heard = number * frequency + turn <= 9 * NYQUIST_HZ",
        ),
    ),
    *_of(
        "training/amphitrite_training",
        "surveys/emri/simulate/response",
        "training/surveys/emri/simulate/test_response.py",
        (
            "second_channel_first",
            "channel II is turned the wrong way",
            "plus * sin * cos2psi + towards * cos * sin2psi",
            "plus * sin * cos2psi - towards * cos * sin2psi",
        ),
    ),
    *_client(
        "surveys/emri/interpret/maps",
        "training/surveys/emri/test_yardsticks.py "
        "client/surveys/emri/interpret/test_maps.py",
        (
            "boxes_know_the_level",
            "a map depends on the level of the noise",
            "    return np.asarray(mean / (mean.mean() or 1.0), np.float64)\n",
            "    return mean\n",
        ),
        (
            "drift_backwards",
            "a track that falls is said to rise",
            "return Track(frequency, drift * BIN_HZ / seconds, float(excess))",
            "return Track(frequency, -drift * BIN_HZ / seconds, float(excess))",
        ),
    ),
    *_client(
        "surveys/emri/learned",
        "client/surveys/emri/test_learned.py",
        (
            "alarms_unbounded",
            "a threshold is set beyond all noise that was judged",
            "        if alarms < LEAST_ALARMS:\n",
            "        if False:\n",
        ),
    ),
    *_of(
        "training/amphitrite_training",
        "surveys/emri/boxes",
        "training/surveys/emri/test_boxes.py",
        (
            "boxes_side_by_side",
            "boxes do not overlap",
            "layers.AveragePooling2D((windows, bins), strides=1)(x)",
            "layers.AveragePooling2D((windows, bins))(x)",
        ),
        (
            "channels_for_one",
            "the power is taken for that of one channel",
            "    m = 2 * n_cells\n",
            "    m = n_cells\n",
        ),
    ),
)

DARKCNN: Final = (
    *_client(
        "surveys/darkcnn/prepare/pickles",
        "client/surveys/darkcnn/prepare/test_pickles.py",
        (
            "more_than_the_file",
            "memory is taken for a size that a file only states",
            "        if n > self._left:\n",
            "        if False:\n",
        ),
    ),
    *_client(
        "surveys/darkcnn/prepare/units",
        "client/surveys/darkcnn/prepare/test_units.py",
        (
            "redshift_once",
            "a critical density forgets that the lens is closer in proper length",
            "    ratio = far / (near * (far - near)) * (1 + lens)",
            "    ratio = far / (near * (far - near))",
        ),
        (
            "behind_itself",
            "sources may be at the lens",
            "    if not 0 < lens < source:\n",
            "    if not 0 < lens <= source:\n",
        ),
        (
            "logarithms",
            "the logarithm of a density is taken for a density",
            " or _is_logarithmic(unit):\n",
            ":\n",
        ),
    ),
    *_client(
        "surveys/darkcnn/prepare/tensors",
        "client/surveys/darkcnn/prepare/test_tensors.py",
        (
            "relative_by_density",
            "a map over its maximum is not over it on the grid of the network",
            "    total *= 1 / total.max() if relative else factor\n",
            "    total *= factor\n",
        ),
        (
            "xray_as_they_are",
            "X-rays and stars are not over their mean",
            "    return values / mean, share\n",
            "    return values, share\n",
        ),
    ),
    *_client(
        "surveys/darkcnn/interpret/posterior",
        "client/surveys/darkcnn/interpret/test_posterior.py",
        (
            "ends_count_twice",
            "the ends of the grid stand for a whole step of the prior",
            "(GRID == GRID[-1]), 0.5, 1.0)",
            "(GRID == GRID[-1]), 1.0, 1.0)",
        ),
        (
            "never_to_zero",
            "an interval ends half a step above 0",
            "    return max(low, float(GRID[0])), min(high, float(GRID[-1]))\n",
            "    return low + _STEP, min(high, float(GRID[-1]))\n",
        ),
    ),
    *_client(
        "surveys/darkcnn/interpret/sample",
        "client/surveys/darkcnn/interpret/test_sample.py",
        (
            "curves_without_error",
            "the error of the calibration vanishes with the number of clusters",
            "curve.variance_at(GRID) / n + curve.mean_error_at(GRID)",
            "curve.variance_at(GRID) / n",
        ),
        (
            "any_noise",
            "clusters much noisier than all simulated ones count",
            " & (noise <= MORE_NOISE * nodes.max() + _QUIET)\n",
            "\n",
        ),
    ),
    *_client(
        "surveys/darkcnn/interpret/floor",
        "client/surveys/darkcnn/interpret/test_floor.py",
        (
            "absent_attribute_counts",
            "an absent attribute is told as 0 to the regression",
            "    known = np.where(np.asarray(present) > 0, attributes, np.nan)\n",
            "    known = np.asarray(attributes)\n",
        ),
    ),
    *_of(
        "training/amphitrite_training",
        "surveys/darkcnn/multipoles",
        "training/surveys/darkcnn/test_multipoles.py",
        (
            "mean_in_multipoles",
            "the mean of a ring leaks into its multipoles",
            '    rest = x - fixed(mean, "of_rings", shares)\n',
            '    rest = x - 0 * fixed(mean, "of_rings", shares)\n',
        ),
        (
            "cosines_twice",
            "a multipole depends on how a cluster is turned",
            "power = ops.square(cosine) + ops.square(sine)",
            "power = 2 * ops.square(cosine)",
        ),
    ),
    *_of(
        "training/amphitrite_training",
        "surveys/darkcnn/retrain/split",
        "training/surveys/darkcnn/retrain/test_split.py",
        (
            "groups_divided",
            "clusters of one group are in several sets",
            "np.flatnonzero(np.isin(groups, names[first:last]))",
            "np.flatnonzero(np.isin(groups, names[first : last + 1]))",
        ),
    ),
    *_of(
        "training/amphitrite_training",
        "surveys/darkcnn/model",
        "training/surveys/darkcnn/test_model.py",
        (
            "absent_attribute_seen",
            "what stands in an absent attribute matters",
            "[_standard(known) * known_present, known_present]",
            "[_standard(known), known_present]",
        ),
    ),
    *_of(
        "training/amphitrite_training",
        "surveys/darkcnn/recalibration",
        "training/surveys/darkcnn/test_recalibration.py",
        (
            "sure_as_fitted",
            "nothing is taken off for what was fitted to the very clusters",
            "    return found.times(float(np.exp(best.x)))\n",
            "    return found\n",
        ),
        (
            "no_prior",
            "features that mean nothing are believed",
            "        penalty = 0.5 * np.square(flat / spread).sum()\n",
            "        penalty = 0.0\n",
        ),
        (
            "lift_after_temperature",
            "what features say is not multiplied with the scores",
            "        lifted = logits + known.white @ self.lift\n",
            "        lifted = logits\n",
        ),
    ),
)

MUTANTS: Final = (
    *ENGINE,
    *OUTPUT,
    *MODELS,
    *SERVER,
    *LIGHT_CURVES,
    *SKIES,
    *IMAGES,
    *LEARNED,
    *CLOSED,
    *SHARED,
    *KEPT,
    *WEIGHTS,
    *INSTALLED,
    *AROUND,
    *EMRI,
    *DARKCNN,
)
