{{/* How fast the number of servers may change, for a HorizontalPodAutoscaler. */}}
{{- define "amphitrite.behavior" -}}
{{- with .Values.autoscaling.scaleUp -}}
scaleUp:
  stabilizationWindowSeconds: {{ .stabilizationSeconds }}
  selectPolicy: Max
  policies:
    - type: Pods
      value: {{ .pods }}
      periodSeconds: {{ .periodSeconds }}
    - type: Percent
      value: {{ .percent }}
      periodSeconds: {{ .periodSeconds }}
{{- end }}
{{- with .Values.autoscaling.scaleDown }}
scaleDown:
  stabilizationWindowSeconds: {{ .stabilizationSeconds }}
  selectPolicy: Max
  policies:
    - type: Percent
      value: {{ .percent }}
      periodSeconds: {{ .periodSeconds }}
{{- end }}
{{- end -}}
