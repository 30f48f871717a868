{{/*
What is asked of Prometheus: one definition each, for autoscaling, rules and dashboard.

All series carry `namespace`, `pod` and `release`.  An ensemble counts neither pending
requests nor time in a queue, only its members do: queries look at all models.
*/}}

{{- define "amphitrite.query.release" -}}
namespace={{ .Release.Namespace | quote }}, release={{ .Release.Name | quote }}
{{- end -}}

{{/* The models, without those with which servers outside Kubernetes check themselves. */}}
{{- define "amphitrite.query.models" -}}
{{ include "amphitrite.query.release" . }}, model!~"amphitrite-triton-.+"
{{- end -}}

{{/* The rate of a counter: a list of the root context, the counter and more labels. */}}
{{- define "amphitrite.query.rate" -}}
{{- $root := index . 0 -}}
sum by (namespace, release, {{ index . 2 }}) (rate({{ index . 1 }}{ {{- include "amphitrite.query.models" $root -}} }[{{ $root.Values.autoscaling.window }}]))
{{- end -}}

{{- define "amphitrite.query.requests" -}}
{{ include "amphitrite.query.rate" (list . "nv_inference_request_success" "model") }}
{{- end -}}

{{- define "amphitrite.query.failures" -}}
{{ include "amphitrite.query.rate" (list . "nv_inference_request_failure" "model, reason") }}
{{- end -}}

{{- define "amphitrite.query.failureShare" -}}
{{- $failures := include "amphitrite.query.failures" . -}}
{{ $failures }}
/ on (namespace, release, model) group_left () (
  {{ include "amphitrite.query.requests" . }}
  + sum by (namespace, release, model) ({{ $failures }}) > 0
)
{{- end -}}

{{- define "amphitrite.query.pendingByModel" -}}
sum by (namespace, release, model) (nv_inference_pending_request_count{ {{- include "amphitrite.query.models" . -}} })
{{- end -}}

{{- define "amphitrite.query.pending" -}}
sum by (namespace, release) (nv_inference_pending_request_count{ {{- include "amphitrite.query.models" . -}} })
{{- end -}}

{{/*
Seconds of a part of a request (queue, compute_input, compute_infer, compute_output): a
list of the root context and the part.  0 at rest, where a bare quotient would be NaN.
*/}}
{{- define "amphitrite.query.seconds" -}}
{{- $root := first . -}}
{{- $duration := printf "nv_inference_%s_duration_us" (last .) -}}
{{- $requests := include "amphitrite.query.requests" $root -}}
{{ include "amphitrite.query.rate" (list $root $duration "model") }}
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

{{/* Models of a server with pending requests of which it answers none. */}}
{{- define "amphitrite.query.stalled" -}}
{{- $models := include "amphitrite.query.models" . -}}
sum by (namespace, release, pod, model) (nv_inference_pending_request_count{ {{- $models -}} }) > 0
and
{{ include "amphitrite.query.rate" (list . "nv_inference_request_success" "pod, model") }} == 0
{{- end -}}

{{/* Servers that give metrics. */}}
{{- define "amphitrite.query.replicas" -}}
count by (namespace, release) (up{ {{- include "amphitrite.query.release" . -}} } == 1)
{{- end -}}

{{/* Servers without a model: a list of the root context and the model's name. */}}
{{- define "amphitrite.query.without" -}}
{{- $release := include "amphitrite.query.release" (first .) -}}
up{ {{- $release -}} } == 1
unless on (namespace, release, pod) nv_inference_request_success{ {{- $release }}, model={{ last . | quote -}} }
{{- end -}}
