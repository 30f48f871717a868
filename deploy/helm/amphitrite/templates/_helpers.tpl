{{- define "amphitrite.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 40 | trimSuffix "-" -}}
{{- end -}}

{{/* Name of the release's objects; suffixes of up to 23 letters fit behind it. */}}
{{- define "amphitrite.fullname" -}}
{{- $name := include "amphitrite.name" . -}}
{{- $whole := ternary .Release.Name (printf "%s-%s" .Release.Name $name) (contains $name .Release.Name) -}}
{{- default $whole .Values.fullnameOverride | trunc 40 | trimSuffix "-" -}}
{{- end -}}

{{- define "amphitrite.labels" -}}
{{ include "amphitrite.releaseLabels" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version }}
{{- end -}}

{{/* Labels of all pods of the release. */}}
{{- define "amphitrite.releaseLabels" -}}
app.kubernetes.io/name: {{ include "amphitrite.name" . }}
app.kubernetes.io/instance: {{ .Release.Name | quote }}
{{- end -}}

{{/* Labels of the Tritons. */}}
{{- define "amphitrite.selectorLabels" -}}
{{ include "amphitrite.releaseLabels" . }}
app.kubernetes.io/component: triton
{{- end -}}

{{- define "amphitrite.surveyLabels" -}}
{{ include "amphitrite.releaseLabels" . }}
app.kubernetes.io/component: survey
{{- end -}}

{{- define "amphitrite.mergeLabels" -}}
{{ include "amphitrite.releaseLabels" . }}
app.kubernetes.io/component: merge
{{- end -}}

{{- define "amphitrite.testLabels" -}}
{{ include "amphitrite.releaseLabels" . }}
app.kubernetes.io/component: test
{{- end -}}

{{/* Reference of an image: repository with its digest, else with its tag. */}}
{{- define "amphitrite.image" -}}
{{- if .digest -}}
{{ .repository }}@{{ .digest }}
{{- else -}}
{{ .repository }}:{{ .tag }}
{{- end -}}
{{- end -}}

{{/* Seconds that a pod has to end: the only place where they are added up. */}}
{{- define "amphitrite.gracePeriod" -}}
{{- $sum := add .Values.drain.sleepSeconds .Values.drain.exitTimeoutSeconds .Values.drain.marginSeconds -}}
{{- default $sum .Values.terminationGracePeriodSeconds | int -}}
{{- end -}}

{{- define "amphitrite.serviceAccountName" -}}
{{- $own := ternary (include "amphitrite.fullname" .) "default" .Values.serviceAccount.create -}}
{{- default $own .Values.serviceAccount.name -}}
{{- end -}}

{{/* Name of the Secret with the key of control.access. */}}
{{- define "amphitrite.controlSecret" -}}
{{- default (printf "%s-control" (include "amphitrite.fullname" .)) .Values.control.secretName -}}
{{- end -}}

{{/* Settings that every pod of the release has. */}}
{{- define "amphitrite.pod" -}}
serviceAccountName: {{ include "amphitrite.serviceAccountName" . }}
automountServiceAccountToken: false
enableServiceLinks: false
{{- with .Values.image.pullSecrets }}
imagePullSecrets:
  {{- range . }}
  - name: {{ . }}
  {{- end }}
{{- end }}
securityContext:
  runAsNonRoot: true
  {{- with .Values.security.runAsUser }}
  runAsUser: {{ int . }}
  {{- end }}
  {{- with .Values.security.runAsGroup }}
  runAsGroup: {{ int . }}
  {{- end }}
  {{- with .Values.security.fsGroup }}
  fsGroup: {{ int . }}
  fsGroupChangePolicy: OnRootMismatch
  {{- end }}
  seccompProfile:
    type: RuntimeDefault
{{- end -}}

{{/* Settings that every container of the release has. */}}
{{- define "amphitrite.container" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities:
  drop: [ALL]
{{- end -}}

{{/* Resources of containers that only copy, compare or wait. */}}
{{- define "amphitrite.smallResources" -}}
requests: {cpu: 100m, memory: 64Mi}
limits: {cpu: "1", memory: 512Mi}
{{- end -}}
