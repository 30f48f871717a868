{{/* Options of tritonserver. */}}
{{- define "amphitrite.triton.args" -}}
{{- $closed := "model-repository,shared-memory,logging,trace" -}}
{{- /* closed to everybody: no request can carry a header with a colon in its name */ -}}
{{- $key := ternary "control-key=$(CONTROL_KEY)" "closed:to-all=nobody" (eq .Values.control.access "key") -}}
- --model-repository=/models
# all models of the repository, which must all load; nobody can change them
- --model-control-mode=none
{{- if .Values.gpu.enabled }}
- --model-config-name=gpu
{{- end }}
- --exit-timeout-secs={{ .Values.drain.exitTimeoutSeconds }}
- --http-port={{ .Values.ports.http }}
- --grpc-port={{ .Values.ports.grpc }}
- --allow-metrics=true
- --metrics-port={{ .Values.ports.metrics }}
- --http-restricted-api={{ $closed }}:{{ $key }}
- --grpc-restricted-protocol={{ $closed }}:{{ $key }}
{{- range .Values.extraArgs }}
- {{ quote . }}
{{- end }}
{{- end -}}

{{- define "amphitrite.triton.resources" -}}
requests:
  {{- toYaml .Values.resources.requests | nindent 2 }}
limits:
  {{- toYaml .Values.resources.limits | nindent 2 }}
  {{- if .Values.gpu.enabled }}
  nvidia.com/gpu: {{ .Values.gpu.count }}
  {{- end }}
{{- end -}}

{{/* Command of a probe: a list of the root context and its options before the port. */}}
{{- define "amphitrite.triton.probe" -}}
{{- $root := first . -}}
- python3
- /etc/amphitrite/probe.py
{{- range rest . }}
- {{ . }}
{{- end }}
- {{ $root.Values.ports.http | quote }}
{{- range $root.Values.models.names }}
- {{ . }}
{{- end }}
{{- end -}}

{{- define "amphitrite.triton.probes" -}}
# One inference for each model; only then the others begin.
startupProbe:
  exec:
    command:
      {{- include "amphitrite.triton.probe" (list . "--port") | nindent 6 }}
  {{- toYaml .Values.probes.startup | nindent 2 }}
# Each model is asked whether it is ready, which costs no inference, so that no load makes
# it fail; an httpGet could ask for one model only.  That the process of a model has ended,
# no such question notices: see the alert AmphitriteRequestsFail.
readinessProbe:
  exec:
    command:
      {{- include "amphitrite.triton.probe" (list . "--ready" "--port") | nindent 6 }}
  {{- toYaml .Values.probes.readiness | nindent 2 }}
# No model is asked: a model that is not ready is no reason to lose the others.
livenessProbe:
  httpGet:
    path: /v2/health/live
    port: http
  {{- toYaml .Values.probes.liveness | nindent 2 }}
{{- end -}}

{{- define "amphitrite.spread" -}}
{{- $keys := dict "kubernetes.io/hostname" .Values.spread.nodes "topology.kubernetes.io/zone" .Values.spread.zones -}}
{{- if or (ne .Values.spread.nodes "none") (ne .Values.spread.zones "none") -}}
topologySpreadConstraints:
  {{- range $key, $unsatisfied := $keys }}
  {{- if ne $unsatisfied "none" }}
  - topologyKey: {{ $key }}
    whenUnsatisfiable: {{ $unsatisfied }}
    maxSkew: 1
    # those of an older version do not count
    matchLabelKeys: [pod-template-hash]
    labelSelector:
      matchLabels:
        {{- include "amphitrite.selectorLabels" $ | nindent 8 }}
  {{- end }}
  {{- end }}
{{- end -}}
{{- end -}}
