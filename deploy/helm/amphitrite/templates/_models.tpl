{{/* The volume "models", and for archives the one from which it is copied. */}}
{{- define "amphitrite.models.volumes" -}}
{{- $models := .Values.models -}}
- name: models
{{- if eq $models.source "image" }}
  image:
    reference: {{ include "amphitrite.image" $models.image }}
    pullPolicy: {{ $models.image.pullPolicy }}
{{- else if eq $models.source "claim" }}
  persistentVolumeClaim:
    claimName: {{ $models.claim.name }}
    readOnly: true
{{- else }}
  emptyDir:
    sizeLimit: {{ $models.archive.sizeLimit }}
{{- with $models.archive.claim }}
- name: archive
  persistentVolumeClaim:
    claimName: {{ . }}
    readOnly: true
{{- end }}
{{- end }}
{{- end -}}

{{/* Where a container reads the models; only a copy is written, before Triton starts. */}}
{{- define "amphitrite.models.mount" -}}
{{- $path := get (dict "image" .Values.models.image.path "claim" .Values.models.claim.path) .Values.models.source -}}
- name: models
  mountPath: /models
  readOnly: true
  {{- with $path }}
  subPath: {{ . }}
  {{- end }}
{{- end -}}

{{- define "amphitrite.models.initContainers" -}}
{{- $models := .Values.models -}}
{{- if eq $models.source "archive" -}}
- name: copy-models
  image: {{ default (include "amphitrite.image" .Values.image) $models.archive.image }}
  imagePullPolicy: {{ .Values.image.pullPolicy }}
  command:
    - /bin/sh
    - /etc/amphitrite/copy_models.sh
    - {{ ternary "/archive/" "/" (not (empty $models.archive.claim)) }}{{ $models.archive.path }}
    - /models
  resources:
    {{- include "amphitrite.smallResources" . | nindent 4 }}
  securityContext:
    {{- include "amphitrite.container" . | nindent 4 }}
  volumeMounts:
    - {name: models, mountPath: /models}
    - {name: scripts, mountPath: /etc/amphitrite, readOnly: true}
    {{- if $models.archive.claim }}
    - {name: archive, mountPath: /archive, readOnly: true}
    {{- end }}
{{ end -}}
{{- if or (eq $models.source "archive") (and (eq $models.source "claim") $models.claim.verify) -}}
- name: verify-models
  image: {{ include "amphitrite.image" .Values.image }}
  imagePullPolicy: {{ .Values.image.pullPolicy }}
  command: [/bin/sh, /etc/amphitrite/verify_models.sh, /models]
  resources:
    {{- include "amphitrite.smallResources" . | nindent 4 }}
  securityContext:
    {{- include "amphitrite.container" . | nindent 4 }}
  volumeMounts:
    {{- include "amphitrite.models.mount" . | nindent 4 }}
    - {name: scripts, mountPath: /etc/amphitrite, readOnly: true}
{{- end -}}
{{- end -}}
