"""The one module that speaks Triton: gRPC calls and the ``config.pbtxt`` format."""

from __future__ import annotations

import logging
import math
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import Future
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from google.protobuf import text_format
from numpy.typing import NDArray
from tritonclient import grpc as triton_grpc
from tritonclient.grpc import model_config_pb2
from tritonclient.grpc.model_config_pb2 import ModelConfig
from tritonclient.utils import InferenceServerException, np_to_triton_dtype

from amphitrite import errors
from amphitrite.answers import Tensors, asked_for, check_answer, check_request
from amphitrite.spec import (
    Member,
    ModelSpec,
    check_contract,
    parameter_key,
    wiring_digest,
)

logger = logging.getLogger(__name__)

# Passing channel arguments replaces tritonclient's own: the message sizes must be
# given again, and gRPC would otherwise wait up to two minutes before it reconnects.
_CHANNEL_ARGUMENTS = [
    ("grpc.max_send_message_length", -1),
    ("grpc.max_receive_message_length", -1),
    ("grpc.keepalive_time_ms", 30_000),
    ("grpc.keepalive_timeout_ms", 20_000),
    ("grpc.http2.max_pings_without_data", 0),
    ("grpc.initial_reconnect_backoff_ms", 200),
    ("grpc.max_reconnect_backoff_ms", 2_000),
    ("grpc.enable_http_proxy", 0),
]
_PROBE_SECONDS = 10.0
_CLOSE_SECONDS = 5.0
# What Triton calls the backend of `amphitrite.server`, which compares an ONNX file with
# the digest in its spec when it loads it.  NVIDIA's own is "libtriton_onnxruntime.so".
_VERIFYING_RUNTIME = "model.py"


@dataclass(frozen=True)
class ModelStatus:
    """One version of one model on a server, as ``amphitrite status`` lists it."""

    name: str
    version: str
    ready: bool
    reason: str
    digest: str
    identity: str

    def as_dict(self) -> dict[str, Any]:
        """Return the fields as JSON types."""
        return asdict(self)


class Connection:
    """A gRPC connection to one Triton server.

    Use it from one thread: the answers arrive on gRPC's own threads, but requests are
    built by the caller's.

    Parameters
    ----------
    url : str
        ``host:port`` of the server's gRPC endpoint.
    deadline : float
        Seconds after which a request without an answer fails; positive and finite.

    Raises
    ------
    BadInput
        The address or the deadline is none.
    """

    def __init__(self, url: str, *, deadline: float = 120.0) -> None:
        self.url = url
        self.deadline = deadline
        _check_address(url)
        if not 0 < deadline < math.inf:
            raise errors.BadInput(
                "the deadline must be a positive and finite number of seconds; "
                f"received {deadline:g}"
            )
        self._client = triton_grpc.InferenceServerClient(
            url, channel_args=_CHANNEL_ARGUMENTS
        )
        self._warned = False

    def __enter__(self) -> Connection:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the channel; safe to call twice.

        A Ctrl-C while a request is handed over can leave gRPC with a call that no
        thread of its own looks after, and closing would wait for it for ever; it is
        then left to the end of the process.
        """
        closing = threading.Thread(target=self._client.close, daemon=True)
        closing.start()
        closing.join(_CLOSE_SECONDS)

    def model(self, expected: ModelSpec) -> ServedModel:
        """Find a model on the server and check that it is the one expected.

        Parameters
        ----------
        expected : ModelSpec
            The contract on the survey's page.

        Raises
        ------
        ServerUnreachable
            Nothing answers at the address.
        ModelNotReady
            The server does not serve the model.
        SpecMismatch
            The server has no spec for the model, or its contract differs, or the
            spec does not describe the tensors that the server really has; or a member
            of an ensemble is not the one that the ensemble was published with.

        Notes
        -----
        Warns once where the server's backend does not compare the weights that it
        loads with the digest in their spec.
        """
        name = expected.name
        try:
            metadata = self._client.get_model_metadata(
                name, client_timeout=_PROBE_SECONDS
            )
            config = self._client.get_model_config(
                name, client_timeout=_PROBE_SECONDS
            ).config
        except InferenceServerException as error:
            raise self._translate(error, name, deadline=_PROBE_SECONDS) from None
        if not metadata.versions:
            raise errors.ModelNotReady(
                f"the server at {self.url} has no ready version of '{name}'"
            )
        version = max(int(v) for v in metadata.versions)
        spec = _served_spec(config, version, server=self.url)
        check_contract(served=spec, expected=expected)
        _check_tensors(metadata, spec, batched=config.max_batch_size > 0)
        if spec.members:
            _check_wiring(config, spec, server=self.url)
            parts = [self._check_member(name, member) for member in spec.members]
        else:
            parts = [config]
        verified = all(part.runtime == _VERIFYING_RUNTIME for part in parts)
        if not verified and not self._warned:
            self._warned = True
            logger.warning(
                "the server at %s loads '%s' with a backend that does not compare the "
                "weights with their digest: that they are those named in the products "
                "rests on its repository, and the products say so",
                self.url,
                name,
            )
        return ServedModel(
            connection=self,
            spec=spec,
            version=version,
            max_batch=max(1, config.max_batch_size),
            verified=verified,
        )

    def _check_member(self, ensemble: str, member: Member) -> ModelConfig:
        """Return the configuration of an ensemble's member, if it is the right one."""
        version = str(member.version)
        try:
            config = self._client.get_model_config(
                member.name, version, client_timeout=_PROBE_SECONDS
            ).config
        except InferenceServerException as error:
            raise self._translate(error, member.name, deadline=_PROBE_SECONDS) from None
        served = _served_spec(config, member.version, server=self.url)
        for what, want, have in (
            ("weights", member.digest, served.digest),
            ("spec", member.identity, served.identity),
        ):
            if have != want:
                raise errors.SpecMismatch(
                    f"the ensemble '{ensemble}' at {self.url} was published with "
                    f"version {version} of '{member.name}' with the {what} {want}, but "
                    f"that version now has the {what} {have}: '{member.name}' was "
                    "replaced by itself. Export it again, so that its ensembles follow "
                    "it."
                )
        return config

    def status(self) -> list[ModelStatus]:
        """List every model version on the server, and try each with one request.

        Triton calls a model ready even when the process that runs it has died.  So
        each version that Triton calls ready, and that has a spec, is sent one small
        request; without an answer within 10 seconds it is not ready.

        Raises
        ------
        ServerUnreachable
            Nothing answers at the address.
        """
        try:
            index = self._client.get_model_repository_index(
                client_timeout=_PROBE_SECONDS
            )
        except InferenceServerException as error:
            raise self._translate(error, "", deadline=_PROBE_SECONDS) from None
        return [self._status_of(entry) for entry in index.models]

    def _status_of(self, entry: Any) -> ModelStatus:
        """Return the status of one entry of the server's index."""
        name, version = entry.name, entry.version
        ready, reason = entry.state == "READY", entry.reason
        digest = identity = ""
        if ready:
            try:
                config = self._client.get_model_config(
                    name, version, client_timeout=_PROBE_SECONDS
                ).config
                text = config.parameters[parameter_key(int(version))].string_value
                if text:
                    spec = ModelSpec.from_json(text)
                    digest, identity = spec.digest, spec.identity
                    self._try(spec, version, batched=config.max_batch_size > 0)
            except InferenceServerException as error:
                ready = False
                reason = str(self._translate(error, name, deadline=_PROBE_SECONDS))
            except errors.SpecMismatch as error:
                ready, reason = False, str(error)
        return ModelStatus(name, version, ready, reason, digest, identity)

    def _try(self, spec: ModelSpec, version: str, *, batched: bool) -> None:
        """Send the smallest request that a spec allows and wait for its answer."""
        self._client.infer(
            spec.name,
            _inputs(_probe(spec, batched=batched)),
            model_version=version,
            client_timeout=_PROBE_SECONDS,
        )

    def _submit(
        self, model: ServedModel, tensors: Tensors, outputs: Sequence[str]
    ) -> Future[dict[str, NDArray[Any]]]:
        future: Future[dict[str, NDArray[Any]]] = Future()
        asked = asked_for(model.spec, outputs)
        check_request(model.spec, tensors)

        def answered(result: Any, error: InferenceServerException | None) -> None:
            if error is not None:
                future.set_exception(self._translate(error, model.spec.name))
                return
            try:
                answer = {name: result.as_numpy(name) for name in asked}
                check_answer(model.spec, tensors, answer)
            except errors.InferenceFailed as wrong:
                future.set_exception(
                    errors.InferenceFailed(
                        f"the answer of '{model.spec.name}' version {model.version} on "
                        f"the server at {self.url} cannot be used: {wrong}. The model "
                        "is damaged: export or install it again."
                    )
                )
            except Exception as broken:  # an answer must never leave a caller waiting
                future.set_exception(broken)
            else:
                future.set_result({name: answer[name] for name in outputs})

        self._client.async_infer(
            model.spec.name,
            _inputs(tensors),
            answered,
            model_version=str(model.version),
            outputs=[triton_grpc.InferRequestedOutput(name) for name in asked],
            client_timeout=self.deadline,
        )
        return future

    def _translate(
        self,
        error: InferenceServerException,
        name: str,
        *,
        deadline: float | None = None,
    ) -> errors.ServerError:
        """Turn tritonclient's one exception into ours, by status and cause."""
        seconds = self.deadline if deadline is None else deadline
        status, text = str(error.status()), str(error.message())
        if "unknown model" in text or "NOT_FOUND" in status or "is not ready" in text:
            return errors.ModelNotReady(
                f"the server at {self.url} answers but does not serve '{name}' "
                f"({text}). Load the model there, or give another --server."
            )
        if "Stub process" in text and "not healthy" in text:
            return errors.ModelNotReady(
                f"on the server at {self.url} the process that runs '{name}' has died "
                f"({text}). Restart that server."
            )
        if "UNAVAILABLE" in status or "CANCELLED" in status:
            return errors.ServerUnreachable(
                f"no Triton server answers at {self.url} ({text}). Check the address "
                "(host:port of its gRPC endpoint) and that the server runs: "
                f"amphitrite status --server {self.url}"
            )
        if "DEADLINE_EXCEEDED" in status:
            return errors.InferenceTimeout(
                f"the server at {self.url} gave no answer within the deadline of "
                f"{seconds:g} s; it may be overloaded (send less at once with "
                "--in-flight) or need a longer --deadline"
            )
        return errors.InferenceFailed(
            f"the server at {self.url} refused a request to '{name}': {text}"
        )


@dataclass(frozen=True)
class ServedModel:
    """A model on a server whose contract has been checked.

    Parameters
    ----------
    connection : Connection
        To the server.
    spec : ModelSpec
        What the server says of the model.
    version : int
        The version that requests go to.
    max_batch : int
        The longest batch of a request.
    verified : bool
        Whether the server has compared the weights that it loaded with the digest in
        the spec, those of an ensemble's members included.
    """

    connection: Connection
    spec: ModelSpec
    version: int
    max_batch: int
    verified: bool

    def submit(
        self, tensors: Tensors, outputs: Sequence[str] | None = None
    ) -> Future[dict[str, NDArray[Any]]]:
        """Send one request without waiting for its answer.

        Parameters
        ----------
        tensors : mapping of str to ndarray
            Every input of the model, each with a leading batch axis; finite, and inside
            the range that the model's spec declares.
        outputs : sequence of str, optional
            The outputs wanted; all of them by default.

        Returns
        -------
        Future
            Gives ``{output: ndarray}``, checked by
            `amphitrite.answers.check_answer`, or raises a
            `amphitrite.errors.ServerError`.

        Raises
        ------
        BadInput
            An input holds NaN, or what is out of its range; nothing is sent.
        """
        names = outputs or [tensor.name for tensor in self.spec.outputs]
        return self.connection._submit(self, tensors, names)

    def infer(
        self, tensors: Tensors, outputs: Sequence[str] | None = None
    ) -> dict[str, NDArray[Any]]:
        """Send one request and wait for its answer; see `submit`."""
        return self.submit(tensors, outputs).result()

    def check_unchanged(self) -> None:
        """Make sure that the server still serves the very same model.

        Raises
        ------
        SpecMismatch
            The weights or what was learned with them differ from those that the run
            began with, or they are not verified as those were.
        ServerError
            The server does not answer, or not with this model.
        """
        now = self.connection.model(self.spec)
        if now.state != self.state:
            raise errors.SpecMismatch(
                f"the server at {self.connection.url} now serves '{self.spec.name}' "
                f"{now.state}; the run began with {self.state}. Start the run anew."
            )

    @property
    def state(self) -> str:
        """Version, identity, digest of the weights and whether they are verified."""
        verified = "verified" if self.verified else "not verified"
        return (
            f"version {self.version} ({self.spec.identity}, weights {self.spec.digest},"
            f" {verified})"
        )


def parse_config(text: str, *, source: str = "config.pbtxt") -> ModelConfig:
    """Parse the text of a ``config.pbtxt``.

    Raises
    ------
    BadInput
        The text does not follow Triton's ``ModelConfig`` message.
    """
    try:
        return text_format.Parse(text, model_config_pb2.ModelConfig())
    except text_format.ParseError as error:
        raise errors.BadInput(
            f"{source} is no Triton model configuration: {error}"
        ) from error


def format_config(config: ModelConfig) -> str:
    """Return the text of a ``config.pbtxt``, the inverse of `parse_config`."""
    return str(text_format.MessageToString(config))


def _check_address(url: str) -> None:
    """Refuse what is not ``host:port``, such as the URL of a web page."""
    host, _, port = url.rpartition(":")
    number = int(port) if port.isascii() and port.isdecimal() else 0
    own = url.startswith("unix:/")  # of a local server: a socket, no port
    if not own and (not host or "/" in url or not 0 < number < 65536):
        raise errors.BadInput(
            f"'{url}' is no server address; expected host:port of Triton's gRPC "
            "endpoint, such as localhost:8001"
        )


def _inputs(tensors: Tensors) -> list[triton_grpc.InferInput]:
    """Return arrays as tritonclient sends them."""
    inputs = []
    for name, array in tensors.items():
        tensor = triton_grpc.InferInput(
            name, list(array.shape), np_to_triton_dtype(array.dtype)
        )
        tensor.set_data_from_numpy(array)
        inputs.append(tensor)
    return inputs


def _probe(spec: ModelSpec, *, batched: bool) -> dict[str, NDArray[Any]]:
    """Return one row for every input, free lengths 1, of alternating 0 and 1.

    They are values of every dtype, an index among them, and not constant, which a
    network that standardises its input could turn into NaN.
    """
    rows = {}
    for tensor in spec.inputs:
        shape = (1,) * batched + tuple(max(1, length) for length in tensor.shape)
        values = np.arange(math.prod(shape)) % 2
        rows[tensor.name] = values.reshape(shape).astype(tensor.dtype)
    return rows


def _served_spec(config: ModelConfig, version: int, *, server: str) -> ModelSpec:
    key = parameter_key(version)
    if key not in config.parameters:
        raise errors.SpecMismatch(
            f"the server at {server} serves '{config.name}' version {version} without "
            f"its spec (no parameter '{key}' in its config.pbtxt), so nobody can tell "
            "what it expects. Serve a repository that amphitrite exported."
        )
    return ModelSpec.from_json(config.parameters[key].string_value)


def _check_wiring(config: ModelConfig, spec: ModelSpec, *, server: str) -> None:
    """Make sure that an ensemble runs the members of its spec, joined as published."""
    steps = list(config.ensemble_scheduling.step)
    digest = wiring_digest(
        spec.members,
        [(s.model_name, dict(s.input_map), dict(s.output_map)) for s in steps],
    )
    runs = {(step.model_name, step.model_version) for step in steps}
    pinned = {(member.name, member.version) for member in spec.members}
    if runs != pinned or digest != spec.digest:
        have, want = (
            ", ".join(f"{name} version {version}" for name, version in sorted(members))
            for members in (runs, pinned)
        )
        raise errors.SpecMismatch(
            f"the ensemble '{spec.name}' at {server} runs {have}, joined as {digest}; "
            f"its spec says {want}, joined as {spec.digest}. Export it again."
        )


def _check_tensors(metadata: Any, spec: ModelSpec, *, batched: bool) -> None:
    """Compare a spec with the tensors that the server reports for the model."""
    for side in ("inputs", "outputs"):
        served = dict(_described(getattr(metadata, side), batched=batched))
        for tensor in getattr(spec, side):
            want = (np_to_triton_dtype(np.dtype(tensor.dtype)), tensor.shape)
            have = served.get(tensor.name)
            if have != want:
                raise errors.SpecMismatch(
                    f"model '{spec.name}': the field '{side}.{tensor.name}' differs: "
                    f"the server's model has {have or 'no such tensor'}, its spec "
                    f"says {want}. Export the model again."
                )


def _described(
    tensors: Any, *, batched: bool
) -> Iterator[tuple[str, tuple[str, tuple[int, ...]]]]:
    for tensor in tensors:
        yield tensor.name, (tensor.datatype, tuple(tensor.shape)[1 if batched else 0 :])
