"""The one module that makes gRPC calls: a connection to a Triton server."""

from __future__ import annotations

import logging
import math
import threading
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import replace
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from tritonclient import grpc as triton_grpc
from tritonclient.utils import InferenceServerException, np_to_triton_dtype

from amphitrite import errors
from amphitrite.triton import addresses, credentials, failures
from amphitrite.triton.agreement import check_wiring, spec_of
from amphitrite.triton.answers import Tensors, asked_for, check_answer, check_request
from amphitrite.triton.config import ModelConfig
from amphitrite.triton.credentials import Credentials
from amphitrite.triton.served import ServedModel
from amphitrite.triton.sharing import Region, Regions
from amphitrite.triton.spec import (
    Member,
    ModelSpec,
    check_contract,
    parameter_key,
)
from amphitrite.triton.status import NOT_LOADED, NOT_READY, READY, ModelStatus

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
# Triton's name for the backend of `amphitrite.server`, which compares an ONNX file with
# the digest in its spec on loading.  NVIDIA's backend is "libtriton_onnxruntime.so".
_VERIFYING_RUNTIME = "model.py"
# Beginning of the name of the model with which `amphitrite.server` tests itself.
_SELFCHECK = "amphitrite-triton-"


class _Headers(triton_grpc.InferenceServerClientPlugin):  # type: ignore[misc]
    """Adds headers to every request of a client.

    Parameters
    ----------
    headers : mapping of str to str
        Values of the headers by their names.
    """

    def __init__(self, headers: Mapping[str, str]) -> None:
        self._headers = headers

    def __call__(self, request: Any) -> None:
        """Add the headers to one request."""
        request.headers = {**(request.headers or {}), **self._headers}


class Connection:
    """A gRPC connection to one Triton server.

    Use it from one thread: answers arrive on gRPC's own threads, but requests are built
    in the caller's.  To a server behind a Unix socket, which is on the same machine,
    large inputs go through shared memory (see `amphitrite.triton.sharing`).

    Parameters
    ----------
    url : str
        ``host:port`` of the server's gRPC endpoint, or another form that
        `amphitrite.triton.addresses.parse` accepts.
    deadline : float
        Time in seconds after which a request without an answer fails; positive and
        finite.
    known : callable
        Returns the names of models that `status` tries on a server without a list.
    using : Credentials
        Files for TLS, and headers.
    name : str
        The name in the server's certificate; by default the host of the address.

    Raises
    ------
    BadInput
        The address is not valid, or the deadline is not positive and finite.
    """

    def __init__(
        self,
        url: str,
        *,
        deadline: float = 120.0,
        known: Callable[[], Collection[str]] = tuple,
        using: Credentials = credentials.NONE,
        name: str = "",
    ) -> None:
        self._address = addresses.parse(url)
        self.url = url
        self.deadline = deadline
        self._known = known
        self._using, self._name = using, name
        if not 0 < deadline < math.inf:
            raise errors.BadInput(
                "the deadline must be a positive and finite number of seconds; "
                f"received {deadline:g}"
            )
        certified = [("grpc.ssl_target_name_override", name)] if name else []
        self._client = triton_grpc.InferenceServerClient(
            url,
            ssl=using.tls,
            root_certificates=using.ca,
            private_key=using.key,
            certificate_chain=using.certificate,
            channel_args=[*_CHANNEL_ARGUMENTS, *certified],
        )
        if using.headers:
            self._client.register_plugin(_Headers(using.headers))
        self._warned = False
        self._regions = Regions(self._register) if self._address.socket else None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the channel; more than once does no harm.

        After a Ctrl-C while a request is handed to gRPC, closing may never end; after 5
        seconds it is left to the end of the process.
        """
        closing = threading.Thread(target=self._client.close, daemon=True)
        closing.start()
        closing.join(_CLOSE_SECONDS)

    def model(self, expected: ModelSpec) -> ServedModel:
        """Return the served model after checking that it is the one expected.

        Parameters
        ----------
        expected : ModelSpec
            The contract on the survey's page.

        Returns
        -------
        ServedModel
            The latest version that the server has ready.

        Raises
        ------
        ServerUnreachable
            Nothing answers at the address.
        ModelNotReady
            The server does not serve the model.
        SpecMismatch
            The model has no spec, its contract differs from the expected one, or its
            spec differs from the tensors that the server has; or a member of an
            ensemble is not the one that the ensemble was published with.

        Notes
        -----
        Logs a warning, once, if the server's backend does not compare the weights that
        it loads with the digest in their spec.
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
        spec = spec_of(config, version, server=self.url)
        check_contract(served=spec, expected=expected)
        _check_tensors(metadata, spec, batched=config.max_batch_size > 0)
        if spec.members:
            check_wiring(config, spec, server=self.url)
            parts = [self._check_member(name, member) for member in spec.members]
        else:
            parts = [config]
        verified = all(part.runtime == _VERIFYING_RUNTIME for part in parts)
        if not verified and not self._warned:
            self._warned = True
            logger.warning(
                "the server at %s loads '%s' with a backend that does not compare the "
                "weights with their digest, so that it is not verified that they are "
                "those named in the products; the products say so",
                self.url,
                name,
            )
        return ServedModel(
            server=self,
            spec=spec,
            version=version,
            max_batch=max(1, config.max_batch_size),
            verified=verified,
        )

    def send(
        self, model: ServedModel, tensors: Tensors, outputs: Sequence[str]
    ) -> Future[dict[str, NDArray[Any]]]:
        """Send one request; see `amphitrite.triton.served.ServedModel.submit`."""
        future: Future[dict[str, NDArray[Any]]] = Future()
        asked = asked_for(model.spec, outputs)
        check_request(model.spec, tensors)
        region = self._regions.lend(tensors) if self._regions else None

        def answered(result: Any, error: InferenceServerException | None) -> None:
            if region is not None:
                self._returned(region, error)
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
            _inputs(tensors, region),
            answered,
            model_version=str(model.version),
            outputs=[triton_grpc.InferRequestedOutput(name) for name in asked],
            client_timeout=self.deadline,
        )
        return future

    def _register(self, name: str, key: str, size: int) -> None:
        """Tell the server of a region of shared memory."""
        self._client.register_system_shared_memory(
            name, key, size, client_timeout=_PROBE_SECONDS
        )

    def _returned(self, region: Region, error: InferenceServerException | None) -> None:
        """Take back a region with whose request the server is done."""
        assert self._regions is not None
        if error is not None and failures.is_not_shared(str(error.message())):
            self._regions.end(error.message())
        self._regions.give_back(region)

    def _check_member(self, ensemble: str, member: Member) -> ModelConfig:
        """Return the configuration of an ensemble's member after checking its spec."""
        version = str(member.version)
        try:
            config = self._client.get_model_config(
                member.name, version, client_timeout=_PROBE_SECONDS
            ).config
        except InferenceServerException as error:
            raise self._translate(error, member.name, deadline=_PROBE_SECONDS) from None
        served = spec_of(config, member.version, server=self.url)
        for what, want, have in (
            ("weights", member.digest, served.digest),
            ("spec", member.identity, served.identity),
        ):
            if have != want:
                raise errors.SpecMismatch(
                    f"the ensemble '{ensemble}' at {self.url} was published with "
                    f"version {version} of '{member.name}' with the {what} {want}, but "
                    f"that version now has the {what} {have}: '{member.name}' was "
                    "replaced without its ensemble. Export it again, which updates its "
                    "ensembles."
                )
        return config

    def status(self, names: Collection[str] | None = None) -> list[ModelStatus]:
        """Return the state of each model of the server, tested with one request.

        Triton calls a model ready even when the process that runs it has died.  Each
        version that Triton calls ready, and that has a spec, is therefore sent one
        small request; without an answer within 10 seconds it counts as not ready.

        Parameters
        ----------
        names : collection of str, optional
            The models to look for on a server that does not list its models, such as
            those of `amphitrite.server`; by default those of `known`.

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
            if not failures.is_closed(str(error.message())):
                raise self._translate(error, "", deadline=_PROBE_SECONDS) from None
            wanted = self._known() if names is None else names
            asked = (self._asked(name) for name in sorted(wanted))
        else:
            entries = [e for e in index.models if not e.name.startswith(_SELFCHECK)]
            asked = ([self._listed(entry)] for entry in entries)
        return [
            self._tried(model) if model.ready else model
            for models in asked
            for model in models
        ]

    def _asked(self, name: str) -> list[ModelStatus]:
        """Return the status of each version of a model, on a server without a list."""
        try:
            versions = self._client.get_model_metadata(
                name, client_timeout=_PROBE_SECONDS
            ).versions
        except InferenceServerException as error:
            if "is not found" in str(error.message()):
                return [ModelStatus(name, "", NOT_LOADED)]
            reason = str(self._translate(error, name, deadline=_PROBE_SECONDS))
            if "has no available versions" in str(error.message()):
                reason = "the server could not load it; its log says why"
            return [ModelStatus(name, "", NOT_READY, reason)]
        return [ModelStatus(name, version, READY) for version in versions]

    def _listed(self, entry: Any) -> ModelStatus:
        """Return the status in an entry of the server's list of models."""
        state = NOT_READY
        if entry.state == "READY":
            state = READY
        elif entry.reason == "unloaded" or not (entry.state or entry.reason):
            state = NOT_LOADED
        reason = entry.reason or entry.state.lower()
        return ModelStatus(
            *(entry.name, entry.version, state),
            reason=reason if state == NOT_READY else "",
        )

    def _tried(self, model: ModelStatus) -> ModelStatus:
        """Return the status of a model that Triton calls ready, tested by a request."""
        name, version, found = model.name, model.version, model
        try:
            config = self._client.get_model_config(
                name, version, client_timeout=_PROBE_SECONDS
            ).config
            text = config.parameters[parameter_key(int(version))].string_value
            if text:
                spec = ModelSpec.from_json(text)
                found = replace(model, digest=spec.digest, identity=spec.identity)
                self._try(spec, version, batched=config.max_batch_size > 0)
        except InferenceServerException as error:
            reason = str(self._translate(error, name, deadline=_PROBE_SECONDS))
        except errors.SpecMismatch as error:
            reason = str(error)
        else:
            return found
        return replace(found, state=NOT_READY, reason=reason)

    def _try(self, spec: ModelSpec, version: str, *, batched: bool) -> None:
        """Send the smallest request that a spec allows, and wait for the answer."""
        self._client.infer(
            spec.name,
            _inputs(_probe(spec, batched=batched)),
            model_version=version,
            client_timeout=_PROBE_SECONDS,
        )

    def _translate(
        self,
        error: InferenceServerException,
        name: str,
        *,
        deadline: float | None = None,
    ) -> errors.ServerError:
        """Return our error for an exception of tritonclient; see `failures`."""
        failure = failures.Failure(str(error.status()), str(error.message()), name)
        asked = failures.Asked(
            *(self.url, self._address, self.deadline, deadline),
            *(self._using, self._name),
        )
        return failures.translate(failure, asked)


def _inputs(
    tensors: Tensors, region: Region | None = None
) -> list[triton_grpc.InferInput]:
    """Return arrays as input tensors of tritonclient, in shared memory if there is."""
    inputs = []
    places = region.write(tensors) if region else {}
    for name, array in tensors.items():
        tensor = triton_grpc.InferInput(
            name, list(array.shape), np_to_triton_dtype(array.dtype)
        )
        if region is None:
            tensor.set_data_from_numpy(array)
        else:
            tensor.set_shared_memory(region.name, array.nbytes, places[name])
        inputs.append(tensor)
    return inputs


def _probe(spec: ModelSpec, *, batched: bool) -> dict[str, NDArray[Any]]:
    """Return the smallest inputs of a model: one row each, of alternating 0 and 1.

    Free lengths are 1.  0 and 1 exist in every dtype and are valid as an index, and the
    values are not constant, from which a network that standardises its input could make
    NaN.
    """
    rows = {}
    for tensor in spec.inputs:
        shape = (1,) * batched + tuple(max(1, length) for length in tensor.shape)
        values = np.arange(math.prod(shape)) % 2
        rows[tensor.name] = values.reshape(shape).astype(tensor.dtype)
    return rows


def _check_tensors(metadata: Any, spec: ModelSpec, *, batched: bool) -> None:
    """Compare a spec with the dtypes and shapes that the server reports."""
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
