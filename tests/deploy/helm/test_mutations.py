"""Faults that are put into a copy of the templates do not get past the checks."""

import shutil
from dataclasses import dataclass

import pytest
from charts.checks import failed
from charts.rendering import CHART, SCALING, render, render_file, values_of


@dataclass(frozen=True)
class Fault:
    """A text in a template is replaced; what a file of ci/ gives then fails a check."""

    template: str
    old: str
    new: str
    file: str
    check: str


FAULTS = {
    "root user": Fault(
        *("_helpers.tpl", "runAsNonRoot: true", "runAsNonRoot: false"),
        *("claim", "pods_are_restricted"),
    ),
    "writable root": Fault(
        *("_helpers.tpl", "readOnlyRootFilesystem: true\n", ""),
        *("survey", "pods_are_restricted"),
    ),
    "token of the API": Fault(
        *("_helpers.tpl", "automountServiceAccountToken: false", ""),
        *("claim", "pods_are_restricted"),
    ),
    "a copy without limits": Fault(
        *("_helpers.tpl", 'limits: {cpu: "1", memory: 512Mi}', ""),
        *("archive", "containers_have_limits"),
    ),
    "open NetworkPolicy": Fault(
        *("networkpolicy.yaml", "policyTypes: [Ingress, Egress]", "policyTypes: []"),
        *("claim", "traffic_is_what_is_needed"),
    ),
    "all may ask": Fault(
        "networkpolicy.yaml",
        '              {{- include "amphitrite.surveyLabels" . | nindent 14 }}',
        "              {}",
        *("claim", "traffic_is_what_is_needed"),
    ),
    "no DNS": Fault(
        *("networkpolicy.yaml", "{port: 53, protocol: UDP}", "{port: 5353}"),
        *("survey", "traffic_is_what_is_needed"),
    ),
    "replicas with an autoscaler": Fault(
        *("deployment.yaml", 'if eq .Values.autoscaling.engine "none"', "if true"),
        *("keda", "one_sets_replicas"),
    ),
    "grace too short": Fault(
        *(
            "_helpers.tpl",
            ".Values.drain.exitTimeoutSeconds .Values.drain",
            ".Values.drain",
        ),
        *("claim", "requests_in_flight_end"),
    ),
    "a shell before Triton": Fault(
        *(
            "deployment.yaml",
            "command: [tritonserver]",
            "command: [sh, -c, tritonserver]",
        ),
        *("claim", "requests_in_flight_end"),
    ),
    "selector that selects nothing": Fault(
        *(
            "services.yaml",
            '{{- include "amphitrite.selectorLabels" $',
            "app: triton #",
        ),
        *("claim", "selectors_select"),
    ),
    "Services that send shards": Fault(
        *("services.yaml", "amphitrite.selectorLabels", "amphitrite.releaseLabels"),
        *("survey", "selectors_select"),
    ),
    "budget of another release": Fault(
        *(
            "poddisruptionbudget.yaml",
            "amphitrite.selectorLabels",
            "amphitrite.testLabels",
        ),
        *("claim", "selectors_select"),
    ),
    "port without a name": Fault(
        *("services.yaml", "targetPort: grpc", "targetPort: rpc"),
        *("claim", "ports_fit"),
    ),
    "port that nothing listens to": Fault(
        *("_triton.tpl", "--grpc-port={{ .Values.ports.grpc }}", "--grpc-port=9000"),
        *("claim", "ports_fit"),
    ),
    "gRPC as HTTP/1": Fault(
        *("services.yaml", "kubernetes.io/h2c", "http"),
        *("route", "ports_fit"),
    ),
    "entry that the Secret lacks": Fault(
        *("secret.yaml", "{{ .Values.control.secretKey }}:", "key:"),
        *("archive", "references_exist"),
    ),
    "script that is not mounted": Fault(
        *("configmap.yaml", '"copy_models.sh"', ""),
        *("archive", "references_exist"),
    ),
    "address of another name": Fault(
        *("_survey.tpl", "-headless.", "-all."),
        *("survey", "addresses_are_the_releases"),
    ),
    "key in clear": Fault(
        *("_triton.tpl", '"control-key=$(CONTROL_KEY)"', ".Values.control.value"),
        *("archive", "triton_takes_no_orders"),
    ),
    "open shared memory": Fault(
        *("_triton.tpl", "shared-memory,", ""),
        *("claim", "triton_takes_no_orders"),
    ),
    "models that are loaded on demand": Fault(
        *("_triton.tpl", "control-mode=none", "control-mode=explicit"),
        *("claim", "triton_takes_no_orders"),
    ),
    "readiness by inference": Fault(
        *("_triton.tpl", '"--ready" ', ""),
        *("claim", "probes_ask_what_they_should"),
    ),
    "a GPU that is not used": Fault(
        *("_triton.tpl", "- --model-config-name=gpu", ""),
        *("gpu", "gpus_are_used"),
    ),
    "a copy that is not compared": Fault(
        *("_models.tpl", '(eq $models.source "archive") (and', "false (and"),
        *("archive", "copied_models_are_compared"),
    ),
    "shared memory on disk": Fault(
        *("deployment.yaml", "            medium: Memory\n", ""),
        *("claim", "shared_memory_is_there"),
    ),
    "a mistake that is tried again": Fault(
        *("survey.yaml", "action: FailIndex", "action: Count"),
        *("survey", "surveys_are_whole"),
    ),
    "other parts than are written": Fault(
        *("merge.yaml", "}}/parts\n", "}}/part\n"),
        *("survey", "surveys_are_whole"),
    ),
    "another number of shards": Fault(
        *("survey.yaml", "value: {{ $survey.shards | quote }}", 'value: "16"'),
        *("survey", "surveys_are_whole"),
    ),
}


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_is_found(name, tmp_path):
    fault = FAULTS[name]
    copy = tmp_path / "amphitrite"
    shutil.copytree(CHART, copy)
    if fault.file == "keda" and not SCALING.is_file():
        pytest.skip(f"the chart has no {SCALING.name}")
    template = copy / "templates" / fault.template
    text = template.read_text()
    assert fault.old in text
    template.write_text(text.replace(fault.old, fault.new))
    assert fault.check not in failed(render_file(fault.file))
    assert fault.check in failed(render(values_of(fault.file), copy))
