{{/*
The dashboard of a release for Grafana: rows of three panels, each with queries of
_queries.tpl.  A panel is a list of title, unit and pairs of query and legend.
*/}}
{{- define "amphitrite.dashboard" -}}
{{- $autoscaling := .Values.autoscaling -}}
{{- $few := ternary .Values.replicas $autoscaling.minReplicas (eq $autoscaling.engine "none") -}}
{{- $many := ternary .Values.replicas $autoscaling.maxReplicas (eq $autoscaling.engine "none") -}}
{{- $model := "{{model}}" -}}
{{- $panels := list
  (list "Requests answered" "reqps"
    (include "amphitrite.query.requests" .) $model)
  (list "Requests failed" "reqps"
    (include "amphitrite.query.failures" .) "{{model}} {{reason}}")
  (list "Servers" "short"
    (include "amphitrite.query.replicas" .) "that give metrics"
    (printf "vector(%v)" $few) "minimum"
    (printf "vector(%v)" $many) "maximum")
  (list "Time of a request in the queue" "s"
    (include "amphitrite.query.queueByModel" .) $model
    (include "amphitrite.query.queue" .) "longest"
    (printf "vector(%v)" $autoscaling.queueSeconds) "target of autoscaling")
  (list "Pending requests" "short"
    (include "amphitrite.query.pendingByModel" .) $model
    (include "amphitrite.query.pending" .) "all"
    (printf "%v * %s" $autoscaling.pendingPerReplica (include "amphitrite.query.replicas" .)) "target of autoscaling")
  (list "Time of a request in computation" "s"
    (include "amphitrite.query.seconds" (list . "compute_input")) "{{model}} input"
    (include "amphitrite.query.seconds" (list . "compute_infer")) "{{model}} network"
    (include "amphitrite.query.seconds" (list . "compute_output")) "{{model}} output")
-}}
{{- if .Values.gpu.enabled -}}
{{- $release := include "amphitrite.query.release" . -}}
{{- $panels = concat $panels (list
  (list "Use of the GPUs" "percentunit"
    (printf "nv_gpu_utilization{%s}" $release) "{{pod}} {{gpu_uuid}}")
  (list "Memory of the GPUs" "bytes"
    (printf "nv_gpu_memory_used_bytes{%s}" $release) "{{pod}} {{gpu_uuid}}"
    (printf "max by (namespace, release) (nv_gpu_memory_total_bytes{%s})" $release) "of one GPU"))
-}}
{{- end -}}
title: {{ printf "Amphitrite %s/%s" .Release.Namespace .Release.Name | quote }}
uid: {{ printf "%s/%s" .Release.Namespace .Release.Name | sha1sum | trunc 40 }}
tags: [amphitrite, triton]
schemaVersion: 39
editable: false
refresh: 30s
time: {from: now-3h, to: now}
templating:
  list:
    - {name: datasource, label: Prometheus, type: datasource, query: prometheus}
panels:
  {{- range $i, $panel := $panels }}
  - {{ include "amphitrite.panel" (list $i $panel) | fromYaml | toJson }}
  {{- end }}
{{- end -}}

{{/* A panel of the dashboard: its number, and what is described above. */}}
{{- define "amphitrite.panel" -}}
{{- $i := first . -}}
{{- $panel := last . -}}
id: {{ add1 $i }}
type: timeseries
title: {{ index $panel 0 | quote }}
datasource: {type: prometheus, uid: "$datasource"}
gridPos: {h: 8, w: 8, x: {{ mul 8 (mod $i 3) }}, "y": {{ mul 8 (div $i 3) }}}
fieldConfig:
  defaults: {unit: {{ index $panel 1 }}, min: 0}
  overrides: []
targets:
  {{- range $j, $entry := slice $panel 2 }}
  {{- if eq (mod $j 2) 0 }}
  - refId: {{ index (list "A" "B" "C") (div $j 2) }}
    datasource: {type: prometheus, uid: "$datasource"}
    expr: {{ $entry | toJson }}
  {{- else }}
    legendFormat: {{ $entry | quote }}
  {{- end }}
  {{- end }}
{{- end -}}
