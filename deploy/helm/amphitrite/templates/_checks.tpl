{{/*
What a schema cannot say: values that contradict each other.  Each check writes a line
that begins with "- "; checks.yaml refuses the values with all of them.
*/}}
{{- define "amphitrite.checks" -}}
{{ include "amphitrite.checks.images" . }}
{{ include "amphitrite.checks.models" . }}
{{ include "amphitrite.checks.triton" . }}
{{ include "amphitrite.checks.scaling" . }}
{{ include "amphitrite.checks.network" . }}
{{- if .Values.survey.enabled }}
{{ include "amphitrite.checks.survey" . }}
{{- end }}
{{- end -}}

{{- define "amphitrite.checks.images" -}}
{{- $images := dict "image" .Values.image "models.image" .Values.models.image "survey.image" .Values.survey.image }}
{{- range $name, $image := $images }}
{{- if contains "latest" $image.tag }}
- {{ $name }}.tag is {{ quote $image.tag }}, which changes under a running release: name a version, such as 24.10-py3
{{- end }}
{{- if and $image.repository (not (or $image.tag $image.digest)) }}
- {{ $name }}.repository is {{ $image.repository }}, but neither {{ $name }}.tag nor {{ $name }}.digest says which version: give one
{{- end }}
{{- end }}
{{- if contains ":latest" .Values.models.archive.image }}
- models.archive.image is {{ .Values.models.archive.image }}, which changes under a running release: name a version
{{- end }}
{{- end -}}

{{- define "amphitrite.checks.models" -}}
{{- $models := .Values.models }}
{{- $given := dict
  "image" (ternary "models.image.repository" "" (not (empty $models.image.repository)))
  "claim" (ternary "models.claim.name" "" (not (empty $models.claim.name)))
  "archive" (ternary "models.archive.claim or models.archive.image" "" (not (empty (coalesce $models.archive.claim $models.archive.image)))) }}
{{- $needs := dict "image" "models.image.repository" "claim" "models.claim.name" "archive" "models.archive.claim or models.archive.image" }}
{{- if not $models.source }}
- models.source is empty, and Triton has no models: give image, claim or archive
{{- else if not (get $given $models.source) }}
- models.source is {{ $models.source }}, but {{ get $needs $models.source }} is not given: say where the models are
{{- end }}
{{- range $source, $value := $given }}
{{- if and $value $models.source (ne $source $models.source) }}
- models.source is {{ $models.source }}, but {{ $value }} is given as well: leave out one of the two sources
{{- end }}
{{- end }}
{{- if and $models.archive.claim $models.archive.image }}
- models.archive.claim ({{ $models.archive.claim }}) and models.archive.image ({{ $models.archive.image }}) are both given: leave out one of the two sources
{{- end }}
{{- $version := default .Capabilities.KubeVersion.Version .Values.kubeVersion }}
{{- if and (eq $models.source "image") (not (semverCompare ">=1.35.0-0" $version)) }}
- models.source is image, but Kubernetes {{ $version }} has no image volumes: use 1.35 or newer, or the source claim or archive
{{- end }}
{{- end -}}

{{- define "amphitrite.checks.triton" -}}
{{- $drain := .Values.drain }}
{{- $least := add $drain.sleepSeconds $drain.exitTimeoutSeconds }}
{{- with .Values.terminationGracePeriodSeconds }}
{{- if le (int .) (int $least) }}
- terminationGracePeriodSeconds is {{ . }}, but the drain takes {{ $least }} (drain.sleepSeconds {{ $drain.sleepSeconds }} + drain.exitTimeoutSeconds {{ $drain.exitTimeoutSeconds }}): give more, or leave it out
{{- end }}
{{- end }}
{{- $ports := .Values.ports }}
{{- if ne (len (uniq (list (int $ports.http) (int $ports.grpc) (int $ports.metrics)))) 3 }}
- ports.http ({{ $ports.http }}), ports.grpc ({{ $ports.grpc }}) and ports.metrics ({{ $ports.metrics }}) must differ: a port is used twice
{{- end }}
{{- if not .Values.gpu.enabled }}
{{- range $kind, $resources := .Values.resources }}
{{- if hasKey $resources "nvidia.com/gpu" }}
- resources.{{ $kind }} asks for nvidia.com/gpu, but gpu.enabled is false, and Triton would leave the GPU idle: set gpu.enabled and gpu.count instead
{{- end }}
{{- end }}
{{- else if or (hasKey .Values.resources.limits "nvidia.com/gpu") (hasKey .Values.resources.requests "nvidia.com/gpu") }}
- resources asks for nvidia.com/gpu, which gpu.count ({{ .Values.gpu.count }}) does: leave it out of resources
{{- end }}
{{- range .Values.extraArgs }}
{{- if regexMatch "^--(model-repository|model-control-mode|model-config-name|exit-timeout-secs|http-restricted-api|grpc-restricted-protocol|(http|grpc|metrics)-port|allow-(http|grpc|metrics)|load-model)(=|$)" . }}
- extraArgs has {{ . }}, which the chart sets: use the value made for it
{{- end }}
{{- end }}
{{- $control := .Values.control }}
{{- if eq $control.access "key" }}
{{- if not (or $control.secretName $control.value) }}
- control.access is key, but there is no key: give control.secretName or control.value
{{- else if and $control.secretName $control.value }}
- control.secretName ({{ $control.secretName }}) and control.value are both given: leave out one of the two keys
{{- end }}
{{- else if or $control.secretName $control.value }}
- control.access is closed, but control.{{ ternary "secretName" "value" (not (empty $control.secretName)) }} is given: set control.access to key, or leave it out
{{- end }}
{{- $none := list "0" "0%" }}
{{- if and (has (toString .Values.update.maxSurge) $none) (has (toString .Values.update.maxUnavailable) $none) }}
- update.maxSurge and update.maxUnavailable are both 0, and no update could begin: give one of them
{{- end }}
{{- end -}}

{{- define "amphitrite.checks.scaling" -}}
{{- $scaling := .Values.autoscaling }}
{{- if gt (int $scaling.minReplicas) (int $scaling.maxReplicas) }}
- autoscaling.minReplicas ({{ $scaling.minReplicas }}) is above autoscaling.maxReplicas ({{ $scaling.maxReplicas }}): lower it
{{- end }}
{{- if and (eq $scaling.engine "hpa") (not .Values.monitoring.rules.enabled) }}
- autoscaling.engine is hpa, but monitoring.rules.enabled is false, and nothing would record the series that it reads: set it, or use keda
{{- end }}
{{- if and (eq $scaling.engine "keda") (gt (int $scaling.fallback.replicas) (int $scaling.maxReplicas)) }}
- autoscaling.fallback.replicas ({{ $scaling.fallback.replicas }}) is above autoscaling.maxReplicas ({{ $scaling.maxReplicas }}): lower it
{{- end }}
{{- end -}}

{{- define "amphitrite.checks.network" -}}
{{- if .Values.ingress.enabled }}
{{- if not .Values.ingress.host }}
- ingress.enabled is true, but ingress.host is empty: give the name under which clients reach it
{{- end }}
{{- if not .Values.ingress.tlsSecretName }}
- ingress.enabled is true, but ingress.tlsSecretName is empty, and requests would cross the network in clear: give the Secret with its certificate
{{- end }}
{{- end }}
{{- if and .Values.route.enabled (not .Values.route.parentRefs) }}
- route.enabled is true, but route.parentRefs is empty: name the Gateway
{{- end }}
{{- if .Values.networkPolicy.enabled }}
{{- if and (or .Values.ingress.enabled .Values.route.enabled) (not .Values.networkPolicy.gateways) }}
- networkPolicy.gateways is empty, and {{ ternary "ingress" "route" .Values.ingress.enabled }}.enabled has no effect: name the pods of the Gateway or Ingress's controller
{{- end }}
{{- if and .Values.monitoring.podMonitor.enabled (not .Values.networkPolicy.prometheus) }}
- networkPolicy.prometheus is empty, and monitoring.podMonitor.enabled has no effect: name the pods of Prometheus
{{- end }}
{{- if and .Values.survey.enabled .Values.survey.server (not .Values.networkPolicy.servers) }}
- networkPolicy.servers is empty, and the survey could not reach survey.server ({{ .Values.survey.server }}): name its peers
{{- end }}
{{- end }}
{{- end -}}

{{- define "amphitrite.checks.survey" -}}
{{- $survey := .Values.survey }}
{{- range $name, $value := dict
  "survey.name" $survey.name
  "survey.image.repository" $survey.image.repository
  "survey.inputs" $survey.inputs
  "survey.input.claim" $survey.input.claim
  "survey.output.claim" $survey.output.claim
  "survey.output.result" $survey.output.result }}
{{- if not $value }}
- survey.enabled is true, but {{ $name }} is empty: give it
{{- end }}
{{- end }}
{{- if and $survey.name (not $survey.server) (not (has $survey.name .Values.models.names)) }}
- survey.name is {{ $survey.name }}, but models.names has no such model: add it there, or give survey.server
{{- end }}
{{- range $survey.args }}
{{- if regexMatch "^(--(shard|output|resume|overwrite|server|header-file|tls-ca|tls-cert|tls-key)(=|$)|-o)" . }}
- survey.args has {{ . }}, which the chart sets: leave it out
{{- end }}
{{- end }}
{{- if and $survey.tls.clientCertificate (not $survey.tls.secretName) }}
- survey.tls.clientCertificate is true, but survey.tls.secretName is empty: give the Secret with tls.crt and tls.key
{{- end }}
{{- if and $survey.tls.secretName (not $survey.server) }}
- survey.tls.secretName is {{ $survey.tls.secretName }}, but the release's own Tritons speak no TLS: give survey.server, or leave it out
{{- end }}
{{- end -}}
