{{/*
What is asked of Prometheus: one definition each for autoscaling, rules and dashboard.

All series of Triton carry `namespace`, `pod` and `release`.  An ensemble counts neither
pending requests nor time in a queue, only its members do; so that a query must look at
all models.
*/}}

{{- define "amphitrite.query.release" -}}
namespace={{ .Release.Namespace | quote }}, release={{ .Release.Name | quote }}
{{- end -}}

{{/* The models of this release, without those that a server on a desk checks itself with. */}}
{{- define "amphitrite.query.models" -}}
{{ include "amphitrite.query.release" . }}, model!~"amphitrite-triton-.+"
{{- end -}}

{{- define "amphitrite.query.pending" -}}
sum by (namespace, release) (nv_inference_pending_request_count{ {{- include "amphitrite.query.models" . -}} })
{{- end -}}

{{- define "amphitrite.query.requests" -}}
sum by (namespace, release, model) (rate(nv_inference_request_success{ {{- include "amphitrite.query.models" . -}} }[{{ .Values.autoscaling.window }}]))
{{- end -}}

{{/*
Seconds of one part of a request: a list of the root context and the part, which is
queue, compute_input, compute_infer or compute_output.  0, and not NaN, at rest.
*/}}
{{- define "amphitrite.query.seconds" -}}
{{- $root := first . -}}
{{- $requests := include "amphitrite.query.requests" $root -}}
  sum by (namespace, release, model) (rate(nv_inference_{{ last . }}_duration_us{ {{- include "amphitrite.query.models" $root -}} }[{{ $root.Values.autoscaling.window }}]))
/ ({{ $requests }} > 0) / 1e6
or 0 * {{ $requests }}
{{- end -}}

{{- define "amphitrite.query.queueByModel" -}}
{{ include "amphitrite.query.seconds" (list . "queue") }}
{{- end -}}

{{- define "amphitrite.query.queue" -}}
max by (namespace, release) (
{{ include "amphitrite.query.queueByModel" . | indent 2 }}
)
{{- end -}}

{{- define "amphitrite.query.failures" -}}
sum by (namespace, release, model, reason) (rate(nv_inference_request_failure{ {{- include "amphitrite.query.models" . -}} }[{{ .Values.autoscaling.window }}]))
{{- end -}}

{{/* Requests that their clients gave up are no failures of the servers. */}}
{{- define "amphitrite.query.failureShare" -}}
{{- $failures := include "amphitrite.query.failures" . | replace "model!~" "reason!=\"CANCELED\", model!~" -}}
  {{ $failures }}
/ on (namespace, release, model) group_left ()
  ({{ include "amphitrite.query.requests" . }} + sum by (namespace, release, model) ({{ $failures }}) > 0)
{{- end -}}

{{/* Models of a server with pending requests of which it answers none. */}}
{{- define "amphitrite.query.stalled" -}}
{{- $models := include "amphitrite.query.models" . -}}
{{- $by := "sum by (namespace, release, pod, model)" -}}
  {{ $by }} (nv_inference_pending_request_count{ {{- $models -}} }) > 0
and
  {{ $by }} (rate(nv_inference_request_success{ {{- $models -}} }[{{ .Values.autoscaling.window }}])) == 0
{{- end -}}

{{/* Servers from which metrics come. */}}
{{- define "amphitrite.query.replicas" -}}
count by (namespace, release) (up{ {{- include "amphitrite.query.release" . -}} } == 1)
{{- end -}}

{{/* Servers without a model: a list of the root context and the model's name. */}}
{{- define "amphitrite.query.without" -}}
{{- $release := include "amphitrite.query.release" (first .) -}}
  up{ {{- $release -}} } == 1
unless on (namespace, release, pod)
  nv_inference_request_success{ {{- $release }}, model={{ last . | quote -}} }
{{- end -}}
