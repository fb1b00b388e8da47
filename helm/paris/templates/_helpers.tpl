{{- define "paris.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 40 | trimSuffix "-" -}}
{{- end -}}

{{- define "paris.fullname" -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 40 | trimSuffix "-" -}}
{{- else if contains (include "paris.name" .) .Release.Name -}}
{{- .Release.Name | trunc 40 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name (include "paris.name" .) | trunc 40 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{/* Labels that never change: what selectors use. Takes (dict "root" $ "component" NAME). */}}
{{- define "paris.selector" -}}
app.kubernetes.io/name: {{ include "paris.name" .root }}
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/component: {{ .component }}
{{- end -}}

{{- define "paris.labels" -}}
{{ include "paris.selector" . }}
app.kubernetes.io/version: {{ .root.Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .root.Chart.Name .root.Chart.Version }}
{{- end -}}

{{/* Takes (dict "root" $ "image" .Values.images.X). */}}
{{- define "paris.image" -}}
{{- printf "%s:%s" .image.repository (default .root.Chart.AppVersion .image.tag) -}}
{{- end -}}

{{- define "paris.serviceAccount" -}}
{{- if .Values.serviceAccount.create -}}
{{- default (include "paris.fullname" .) .Values.serviceAccount.name -}}
{{- else -}}
{{- default "default" .Values.serviceAccount.name -}}
{{- end -}}
{{- end -}}

{{- define "paris.clusterId" -}}
{{- default .Release.Name .Values.cluster.id -}}
{{- end -}}

{{/* What a schema cannot say about several values at once. */}}
{{- define "paris.check" -}}
{{- $ways := 0 -}}
{{- if .Values.store.url }}{{ $ways = add1 $ways }}{{ end -}}
{{- if .Values.store.location }}{{ $ways = add1 $ways }}{{ end -}}
{{- if .Values.store.existingSecret.name }}{{ $ways = add1 $ways }}{{ end -}}
{{- if ne (int $ways) 1 -}}
{{- fail (printf "store: %d of url, location and existingSecret.name are set; set exactly one." (int $ways)) -}}
{{- end -}}
{{- if and .Values.store.url (not .Values.workloadIdentity.enabled) -}}
{{- fail "store.url carries no secret, so the pods need workloadIdentity.enabled=true with its clientId; a URL with a signature belongs into store.location." -}}
{{- end -}}
{{- if and .Values.workloadIdentity.enabled (not .Values.workloadIdentity.clientId) -}}
{{- fail "workloadIdentity.enabled needs workloadIdentity.clientId." -}}
{{- end -}}
{{- if and .Values.workloadIdentity.enabled (not .Values.serviceAccount.create) (not .Values.serviceAccount.name) -}}
{{- fail "workloadIdentity with serviceAccount.create=false needs serviceAccount.name, an account that carries the identity." -}}
{{- end -}}
{{- if and .Values.gateway.ingress.enabled (not .Values.gateway.ingress.host) -}}
{{- fail "gateway.ingress.enabled needs gateway.ingress.host." -}}
{{- end -}}
{{- $seen := dict -}}
{{- range .Values.pools -}}
{{- if hasKey $seen .name }}{{ fail (printf "pools: two are named '%s'." .name) }}{{ end -}}
{{- $_ := set $seen .name true -}}
{{- $scaling := .autoscaling | default dict -}}
{{- if and $scaling.enabled (not $.Values.monitoring.prometheusUrl) -}}
{{- fail (printf "pools '%s': autoscaling asks Prometheus; set monitoring.prometheusUrl." .name) -}}
{{- end -}}
{{- if and $scaling.enabled (gt (int ($scaling.minReplicas | default 0)) (int $scaling.maxReplicas)) -}}
{{- fail (printf "pools '%s': autoscaling.minReplicas is above maxReplicas." .name) -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{/* The store's location as an environment variable. Takes (dict "root" $ "name" VARIABLE). */}}
{{- define "paris.storeEnv" -}}
- name: {{ .name }}
{{- if .root.Values.store.url }}
  value: {{ .root.Values.store.url | quote }}
{{- else }}
  valueFrom:
    secretKeyRef:
      name: {{ default (printf "%s-store" (include "paris.fullname" .root)) .root.Values.store.existingSecret.name }}
      key: {{ .root.Values.store.existingSecret.key }}
{{- end }}
{{- end -}}

{{/* Everything of a pod that is the same for silos and gateway. Takes (dict "root" $ "of" VALUES "grace" SECONDS). */}}
{{- define "paris.podCommon" -}}
serviceAccountName: {{ include "paris.serviceAccount" .root }}
# Nothing here talks to the Kubernetes API; a workload identity brings a token of its own.
automountServiceAccountToken: false
enableServiceLinks: false
terminationGracePeriodSeconds: {{ .grace }}
{{- with .root.Values.images.pullSecrets }}
imagePullSecrets: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .priority }}
priorityClassName: {{ . }}
{{- end }}
securityContext:
  runAsNonRoot: true
  runAsUser: 10001
  runAsGroup: 10001
  fsGroup: 10001
  seccompProfile: { type: RuntimeDefault }
{{- with .of.nodeSelector }}
nodeSelector: {{- toYaml . | nindent 2 }}
{{- end }}
tolerations:
  - { key: node.kubernetes.io/not-ready, operator: Exists, effect: NoExecute, tolerationSeconds: {{ .root.Values.nodeFailureSeconds }} }
  - { key: node.kubernetes.io/unreachable, operator: Exists, effect: NoExecute, tolerationSeconds: {{ .root.Values.nodeFailureSeconds }} }
{{- with .extraTolerations }}
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .of.tolerations }}
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end -}}

{{- define "paris.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities: { drop: [ALL] }
{{- end -}}

{{- define "paris.podLabels" -}}
{{ include "paris.labels" . }}
{{- if .root.Values.workloadIdentity.enabled }}
azure.workload.identity/use: "true"
{{- end }}
{{- with .of.podLabels }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{/* Checks the same for every silo. Liveness is local: a slow store or a lost neighbour must not restart a silo that trains. */}}
{{- define "paris.siloProbes" -}}
startupProbe:
  httpGet: { path: /healthz, port: metrics }
  periodSeconds: 2
  # Joining may take two minutes: stale rows of a cluster that was killed are swept first.
  failureThreshold: 75
readinessProbe:
  httpGet: { path: /readyz, port: metrics }
  periodSeconds: 5
  timeoutSeconds: 3
  failureThreshold: 3
livenessProbe:
  httpGet: { path: /healthz, port: metrics }
  periodSeconds: 10
  timeoutSeconds: 5
  failureThreshold: 6
{{- end -}}

{{/* One silo's pod. Takes root, component, role, of (control or a pool), image, grace, priority, limits and extraTolerations. */}}
{{- define "paris.siloPod" -}}
metadata:
  labels: {{- include "paris.podLabels" . | nindent 4 }}
    paris/silo: "true"
  annotations:
    checksum/config: {{ include (print .root.Template.BasePath "/configmap.yaml") .root | sha256sum }}
{{- if eq .role "device" }}
    # The autoscaler must not pack a node away while a job runs on it; scale-in goes through SIGTERM and a checkpoint.
    cluster-autoscaler.kubernetes.io/safe-to-evict: "false"
{{- end }}
{{- with .of.podAnnotations }}
    {{- toYaml . | nindent 4 }}
{{- end }}
spec:
  {{- include "paris.podCommon" . | nindent 2 }}
  {{- if .of.affinity }}
  affinity: {{- toYaml .of.affinity | nindent 4 }}
  {{- else }}
  topologySpreadConstraints:
    - maxSkew: 1
      topologyKey: kubernetes.io/hostname
      whenUnsatisfiable: ScheduleAnyway
      labelSelector:
        matchLabels: {{- include "paris.selector" . | nindent 10 }}
  {{- end }}
  containers:
    - name: silo
      image: {{ include "paris.image" . }}
      imagePullPolicy: {{ .root.Values.images.pullPolicy }}
      command: [dotnet, /app/silo/Paris.Silo.dll]
      args: [--role, {{ .role }}]
      envFrom:
        - configMapRef: { name: {{ include "paris.fullname" .root }}-silo }
      env:
        - { name: Paris__Name, valueFrom: { fieldRef: { fieldPath: metadata.name } } }
        - { name: Paris__AdvertisedAddress, valueFrom: { fieldRef: { fieldPath: status.podIP } } }
        {{- include "paris.storeEnv" (dict "root" .root "name" "Paris__Store") | nindent 8 }}
        {{- if eq .role "device" }}
        - { name: PARIS_WORKER, value: /app/worker/Paris.Worker.dll }
        {{- with .of.slots }}
        - { name: Paris__Slots, value: {{ . | quote }} }
        {{- end }}
        {{- with .of.threads }}
        - { name: Paris__Threads, value: {{ . | quote }} }
        {{- end }}
        {{- if not .gpus }}
        - { name: Paris__Gpus, value: "false" }
        {{- end }}
        {{- end }}
        {{- range $name, $value := .of.settings }}
        - { name: Paris__{{ $name }}, value: {{ $value | quote }} }
        {{- end }}
      ports:
        - { name: silo, containerPort: 11111 }
        - { name: clients, containerPort: 30000 }
        - { name: metrics, containerPort: 9464 }
      {{- include "paris.siloProbes" . | nindent 6 }}
      resources: {{- toYaml .resources | nindent 8 }}
      securityContext: {{- include "paris.containerSecurity" . | nindent 8 }}
      volumeMounts:
        - { name: tmp, mountPath: /tmp }
  volumes:
    - name: tmp
      emptyDir: { sizeLimit: {{ .of.scratchSize | default "2Gi" }} }
{{- end -}}
