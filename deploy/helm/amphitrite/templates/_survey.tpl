{{/* Name of the Jobs of a run; with another run they are others. */}}
{{- define "amphitrite.survey.name" -}}
{{ include "amphitrite.fullname" . }}-{{ .Values.survey.run }}
{{- end -}}

{{/* Folder of the run in a container. */}}
{{- define "amphitrite.survey.folder" -}}
/output/{{ .Values.survey.run }}
{{- end -}}

{{/* Words of the command of a shard after "amphitrite", in a list. */}}
{{- define "amphitrite.survey.words" -}}
{{- $survey := .Values.survey -}}
- {{ $survey.name }}
{{- range $survey.inputs }}
- {{ quote . }}
{{- end }}
{{- range $survey.args }}
- {{ quote . }}
{{- end }}
- --shard
- auto
- --resume
- --server
{{- if $survey.server }}
- {{ $survey.server }}
{{- else }}
- dns:///{{ include "amphitrite.fullname" . }}-headless.{{ .Release.Namespace }}.svc:{{ .Values.ports.grpc }}
{{- end }}
{{- if $survey.headers.secretName }}
- --header-file
- /etc/amphitrite/headers/{{ $survey.headers.key }}
{{- end }}
{{- if $survey.tls.secretName }}
- --tls-ca
- /etc/amphitrite/tls/ca.crt
{{- if $survey.tls.clientCertificate }}
- --tls-cert
- /etc/amphitrite/tls/tls.crt
- --tls-key
- /etc/amphitrite/tls/tls.key
{{- end }}
{{- end }}
{{- end -}}

{{/* Settings of the pods of both Jobs. */}}
{{- define "amphitrite.survey.pod" -}}
{{ include "amphitrite.pod" . }}
restartPolicy: Never
{{- with .Values.survey.nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.survey.tolerations }}
tolerations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end -}}

{{- define "amphitrite.survey.volumes" -}}
{{- $survey := .Values.survey -}}
- name: input
  persistentVolumeClaim:
    claimName: {{ $survey.input.claim }}
    readOnly: true
- name: output
  persistentVolumeClaim:
    claimName: {{ $survey.output.claim }}
- name: tmp
  emptyDir:
    sizeLimit: {{ .Values.scratch.size }}
{{- end -}}

{{- define "amphitrite.survey.mounts" -}}
{{- $survey := .Values.survey -}}
- name: input
  mountPath: /input
  readOnly: true
  {{- with $survey.input.path }}
  subPath: {{ . }}
  {{- end }}
- name: output
  mountPath: /output
  {{- with $survey.output.path }}
  subPath: {{ . }}
  {{- end }}
- {name: tmp, mountPath: /tmp}
{{- end -}}
