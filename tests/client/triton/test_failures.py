"""What gRPC and Triton report becomes an exception that says what to do."""

import pytest

from amphitrite import errors
from amphitrite.triton import addresses, probing
from amphitrite.triton.credentials import Credentials
from amphitrite.triton.failures import Asked, Failure, is_closed, translate

URL = "there:8001"


def told(status, text, *, limit=None):
    failure = Failure(f"StatusCode.{status}", text, "toy")
    return translate(failure, Asked(URL, addresses.parse(URL), 120.0, limit))


@pytest.fixture
def answering(monkeypatch):
    """Say what is found at the address, and note who asked."""
    probed = []

    def answer(found):
        def what_answers(address, using, name):
            probed.append(address.text)
            return found

        monkeypatch.setattr(probing, "what_answers", what_answers)
        return probed

    return answer


@pytest.mark.parametrize(
    ("status", "text", "kind", "said"),
    [
        ("NOT_FOUND", "none", errors.ModelNotReady, "does not serve 'toy' (none)"),
        (
            *("INVALID_ARGUMENT", "Request for unknown model: 'toy'"),
            *(errors.ModelNotReady, "answers but does not serve 'toy'"),
        ),
        ("UNAVAILABLE", "'toy' is not ready", errors.ModelNotReady, "Load the model"),
        (
            *("INTERNAL", "Stub process 'toy_0' is not healthy."),
            *(errors.ModelNotReady, "the process that runs 'toy' has died"),
        ),
        (
            *("UNAVAILABLE", "This protocol is restricted, expecting header"),
            *(errors.ServerError, "requires a key (This protocol"),
        ),
        (
            *("NOT_FOUND", "Unable to find shared memory region: 'a'"),
            *(errors.ServerUnreachable, "was restarted: it no longer knows the memory"),
        ),
        ("PERMISSION_DENIED", "no", errors.ServerError, "with --header-file"),
        ("UNAUTHENTICATED", "no", errors.ServerError, "with --header-file"),
        (
            *("UNAVAILABLE", "[request id: <id_unknown>] Exceeds maximum queue size"),
            *(errors.QueueFull, "it is busy, not ill"),
        ),
        (
            *("UNKNOWN", "Stream removed (recvmsg:Connection reset by peer)"),
            *(errors.ServerUnreachable, "Stream removed"),
        ),
        (
            *("INTERNAL", "Received RST_STREAM with error code 2"),
            *(errors.ServerUnreachable, "Received RST_STREAM"),
        ),
        (
            *("UNIMPLEMENTED", "unknown service"),
            *(errors.ServerUnreachable, "another gRPC service does (unknown service)"),
        ),
        (
            *("UNAVAILABLE", "connection refused"),
            *(errors.ServerUnreachable, "amphitrite status --server there:8001"),
        ),
        ("CANCELLED", "gone", errors.ServerUnreachable, "no Triton server answers"),
        ("DEADLINE_EXCEEDED", "", errors.InferenceTimeout, "the deadline of 120 s"),
        (
            *("INTERNAL", "onnx runtime error"),
            *(errors.InferenceFailed, "refused a request to 'toy': onnx runtime error"),
        ),
        (
            *("INTERNAL", "Stub process 'toy_0' says no"),
            *(errors.InferenceFailed, "refused a request"),
        ),
    ],
)
def test_every_failure_has_its_kind_and_its_remedy(answering, status, text, kind, said):
    probed = answering("nothing")
    error = told(status, text)
    assert type(error) is kind
    assert said in str(error)
    assert URL in str(error)
    # a running inference has no time to find out what answers
    assert probed == []


@pytest.mark.parametrize(
    ("status", "said"),
    [
        ("UNAVAILABLE", "no Triton server answers at there:8001: a web server does"),
        ("DEADLINE_EXCEEDED", "at there:8001 within 5 s: a web server does"),
    ],
)
def test_a_question_about_the_server_has_time_to_look(answering, status, said):
    probed = answering("a web server does")
    error = told(status, "no words", limit=5.0)
    assert type(error) is errors.ServerUnreachable
    assert said in str(error)
    assert probed == [URL]


def test_where_nothing_is_found_the_words_and_the_limit_are_the_question_s(answering):
    answering(None)
    assert "connection refused" in str(
        told("UNAVAILABLE", "connection refused", limit=5.0)
    )
    late = told("DEADLINE_EXCEEDED", "", limit=5.0)
    assert type(late) is errors.InferenceTimeout
    assert "the deadline of 5 s" in str(late)


def test_a_server_is_closed_only_where_it_says_so():
    assert is_closed("This protocol is restricted, expecting header 'key'")
    assert not is_closed("This protocol is unknown")


def test_of_headers_that_are_refused_only_the_names_are_shown():
    using = Credentials(headers={"a-key": "secret"})
    failure = Failure("StatusCode.UNAVAILABLE", "This protocol is restricted", "toy")
    error = translate(failure, Asked(URL, addresses.parse(URL), 9.0, None, using))
    assert "does not accept what this client sent in 'a-key'" in str(error)
    assert "secret" not in str(error)
