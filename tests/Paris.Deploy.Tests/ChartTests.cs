using Paris.Gateway;
using Paris.Silo;

namespace Paris.Deploy.Tests;

/// <summary>The chart through the real helm: what it renders, and what it refuses.</summary>
public sealed class ChartTests
{
    public static TheoryData<string> ValueSets => [.. Rendered.ValueSets];

    [Theory]
    [MemberData(nameof(ValueSets))]
    public void LintsStrictly(string values)
    {
        var (code, output) = Repository.RunHelm("lint", "--strict", Repository.Chart, "--values", Rendered.ValuesFile(values));

        Assert.True(code == 0, output);
        Assert.DoesNotContain("[WARNING]", output);
    }

    [Theory]
    [MemberData(nameof(ValueSets))]
    public void RendersWhatKubernetesTypesAccept(string values)
    {
        var rendered = Rendered.Of(values);

        var lines = Validate(rendered.Text);

        string[] untyped = values == "everything" ? ["unchecked keda.sh/v1alpha1/ScaledObject", "unchecked monitoring.coreos.com/v1/ServiceMonitor", "unchecked monitoring.coreos.com/v1/ServiceMonitor"] : [];
        Assert.Equal([.. untyped, $"{rendered.Documents.Count - untyped.Length} checked"], lines);
    }

    [Fact]
    public void TheTypesFindAWrongAndAnUnknownField()
    {
        var lines = Validate(Rendered.Of("minimal").Text.Replace("maxSurge: 1", "maxSurgery: 1").Replace("replicas: 2", "replicas: two"));

        Assert.Contains(lines, x => x.Contains("Deployment/atelier-paris-control: /spec/replicas must be integer"));
        Assert.Contains(lines, x => x.Contains("/spec/strategy/rollingUpdate/maxSurgery is no field"));
    }

    [Theory]
    [InlineData("control.replicas=two", "/control/replicas")]
    [InlineData("replicas=2", "additional properties 'replicas' not allowed")]
    [InlineData("control.resources.limits.cpu=2", "'cpu'")]
    [InlineData("control.terminationGracePeriodSeconds=30", "minimum: got 30, want 75")]
    [InlineData("gateway.token=short", "/gateway/token")]
    [InlineData("images.gateway.tag=latest", "/images/gateway/tag")]
    [InlineData("store.url=http://account/paris", "/store/url")]
    [InlineData("pools[0].name=GPU,pools[0].replicas=1,pools[0].slots=1", "/pools/0/name")]
    [InlineData("pools[0].name=metrics,pools[0].replicas=1,pools[0].slots=1", "/pools/0/name")]
    [InlineData("pools[0].name=a,pools[0].replicas=1,pools[0].resources.limits.memory=1Gi", "missing property 'slots'")]
    [InlineData("pools[0].name=a,pools[0].replicas=1,pools[0].resources.limits.memory=1Gi,pools[0].gpu.count=0", "missing property 'slots'")]
    [InlineData("siloSettings.slots=2", "'slots'")]
    public void TheSchemaRefuses(string set, string why)
    {
        var (code, output) = Rendered.Render("minimal", set);

        Assert.NotEqual(0, code);
        Assert.Contains(why, output);
    }

    [Theory]
    [InlineData(null, "", "set exactly one")]
    [InlineData("minimal", "store.existingSecret.name=mine", "set exactly one")]
    [InlineData(null, "store.url=https://account/paris", "workloadIdentity.enabled=true")]
    [InlineData("gpu", "workloadIdentity.clientId=", "needs workloadIdentity.clientId")]
    [InlineData("gpu", "serviceAccount.create=false", "needs serviceAccount.name")]
    [InlineData("gpu", "gateway.ingress.enabled=true", "needs gateway.ingress.host")]
    [InlineData("gpu", "pools[1].name=h100,pools[1].replicas=1,pools[1].gpu.count=1,pools[1].resources.limits.memory=1Gi", "two are named 'h100'")]
    [InlineData("everything", "monitoring.prometheusUrl=", "set monitoring.prometheusUrl")]
    [InlineData("everything", "pools[1].autoscaling.minReplicas=9,pools[1].autoscaling.enabled=true,pools[1].autoscaling.maxReplicas=6,pools[1].name=a,pools[1].replicas=1,pools[1].slots=1,pools[1].resources.limits.memory=1Gi", "above maxReplicas")]
    public void ValuesThatContradictEachOtherAreTold(string? values, string set, string why)
    {
        var (code, output) = Rendered.Render(values, set.Length == 0 ? [] : [set]);

        Assert.NotEqual(0, code);
        Assert.Contains(why, output);
    }

    [Theory]
    [MemberData(nameof(ValueSets))]
    public void EverySettingIsOneThatTheProgramsKnow(string values)
    {
        var rendered = Rendered.Of(values);
        var silo = typeof(SiloSettings).GetProperties().Where(x => x.CanWrite).Select(x => $"Paris__{x.Name}").ToHashSet();
        var gateway = typeof(GatewayOptions).GetProperties().Where(x => x.CanWrite).Select(x => $"Gateway__{x.Name}").ToHashSet();

        // Read one by one in GatewayProgram.
        gateway.UnionWith(["Paris__Store", "Paris__ClusterId", "Paris__ServiceId"]);
        foreach (var deployment in rendered.All("Deployment"))
        {
            var known = Rendered.Component(deployment) == "gateway" ? gateway : silo;
            var names = Names(rendered, deployment).Where(x => x.Contains("__")).Select(x => string.Join("__", x.Split("__")[..2]));
            Assert.All(names, x => Assert.Contains(x, known));
        }
    }

    [Theory]
    [MemberData(nameof(ValueSets))]
    public void EveryPodIsUnprivilegedAndHasTimeToDrain(string values)
    {
        foreach (var deployment in Rendered.Of(values).All("Deployment"))
        {
            var (pod, container) = (deployment.At("spec/template/spec"), Rendered.Container(deployment));
            Assert.Equal("true", pod.At("securityContext/runAsNonRoot").Text);
            Assert.Equal("false", pod["automountServiceAccountToken"].Text);
            Assert.Equal("true", container.At("securityContext/readOnlyRootFilesystem").Text);
            Assert.Equal("false", container.At("securityContext/allowPrivilegeEscalation").Text);
            Assert.False(container.At("resources/limits/cpu").Exists);
            Assert.True(container.At("resources/limits/memory").Exists && container.At("resources/requests/cpu").Exists);
            Assert.Equal("/healthz", container.At("livenessProbe/httpGet/path").Text);
            Assert.Equal("/readyz", container.At("readinessProbe/httpGet/path").Text);
            Assert.Equal("/healthz", container.At("startupProbe/httpGet/path").Text);
            if (Rendered.Component(deployment) != "gateway")
            {
                Assert.True(int.Parse(pod["terminationGracePeriodSeconds"].Text) >= 75);
            }
        }
    }

    [Theory]
    [MemberData(nameof(ValueSets))]
    public void SelectorsAndPortsMeetTheirPods(string values)
    {
        var rendered = Rendered.Of(values);
        var pods = rendered.All("Deployment").ToDictionary(Rendered.Component, x => x.At("spec/template/metadata/labels").Entries.ToDictionary(e => e.Key, e => e.Value.Text));
        foreach (var deployment in rendered.All("Deployment"))
        {
            Assert.Equal([Rendered.Component(deployment)], Selected(deployment.At("spec/selector/matchLabels")));
        }

        Assert.Equal(pods.Keys.Order(), rendered.All("PodDisruptionBudget").Select(x => Assert.Single(Selected(x.At("spec/selector/matchLabels")))).Order());
        Assert.Equal(pods.Keys.Where(x => x != "gateway").Order(), Selected(rendered.Only("Service", "metrics").At("spec/selector")).Order());
        Assert.Equal(["gateway"], Selected(rendered.Only("Service", "gateway").At("spec/selector")));
        Assert.Equal(pods.Keys.Where(x => x != "gateway").Order(), Selected(rendered.All("NetworkPolicy").Single().At("spec/podSelector/matchLabels")).Order());

        IEnumerable<string> Selected(Yaml labels)
        {
            Assert.NotEmpty(labels.Entries);
            return pods.Where(p => labels.Entries.All(l => p.Value.GetValueOrDefault(l.Key) == l.Value.Text)).Select(p => p.Key);
        }
    }

    [Fact]
    public void ControlSilosSurgeAndDevicePoolsDoNot()
    {
        var rendered = Rendered.Of("gpu");

        var control = rendered.Only("Deployment", "control");
        Assert.Equal(("3", "0", "1", "30"), (control.At("spec/replicas").Text, Update(control, "maxUnavailable"), Update(control, "maxSurge"), control.At("spec/minReadySeconds").Text));
        Assert.All(rendered.Pools, x => Assert.Equal(("1", "0"), (Update(x, "maxUnavailable"), Update(x, "maxSurge"))));

        static string Update(Yaml deployment, string key) => deployment.At("spec/strategy/rollingUpdate")[key].Text;
    }

    [Fact]
    public void AGpuPoolAsksForItsDevicesAndIsNotPackedAway()
    {
        var rendered = Rendered.Of("gpu");
        var pool = rendered.Only("Deployment", "pool-h100");
        var pod = pool.At("spec/template/spec");

        Assert.Equal("8", Rendered.Container(pool).At("resources/limits")["nvidia.com/gpu"].Text);
        Assert.Contains("silo-cuda", Rendered.Container(pool)["image"].Text);
        Assert.Contains(pod["tolerations"].Items, x => x["key"].Text == "nvidia.com/gpu" && x["effect"].Text == "NoSchedule");
        Assert.Equal("NVIDIA-H100-80GB-HBM3", pod["nodeSelector"]["nvidia.com/gpu.product"].Text);
        Assert.Equal("false", pool.At("spec/template/metadata/annotations")["cluster-autoscaler.kubernetes.io/safe-to-evict"].Text);
        Assert.Equal(rendered.All("PriorityClass").Single().At("metadata/name").Text, pod["priorityClassName"].Text);
        Assert.Contains(rendered.Only("Deployment", "pool-l4-spot").At("spec/template/spec/tolerations").Items, x => x["value"].Text == "spot");

        // One worker a GPU is what the silo counts itself.
        Assert.DoesNotContain(Names(rendered, pool), x => x is "Paris__Slots" or "Paris__Gpus");
        Assert.Equal(["--role", "device"], Rendered.Container(pool)["args"].Items.Select(x => x.Text));
    }

    [Fact]
    public void TheContainerIsReachedByIdentityWithoutASecret()
    {
        var rendered = Rendered.Of("gpu");

        Assert.Equal("00000000-0000-0000-0000-000000000001", rendered.All("ServiceAccount").Single().At("metadata/annotations")["azure.workload.identity/client-id"].Text);
        Assert.All(rendered.All("Deployment"), x =>
        {
            Assert.Equal("true", x.At("spec/template/metadata/labels")["azure.workload.identity/use"].Text);
            Assert.Equal("https://example.blob.core.windows.net/paris", rendered.Environment(x, "pod", "10.0.0.1")["Paris__Store"]);
        });
        Assert.DoesNotContain(rendered.All("Secret"), x => Rendered.Component(x) == "store");
    }

    [Fact]
    public void ASecretIsNowhereButInItsSecret()
    {
        var rendered = Rendered.Of("minimal", "gateway.token=0123456789abcdef0123");

        Assert.DoesNotContain("AccountKey", rendered.Text);
        Assert.DoesNotContain("0123456789abcdef0123", rendered.Text);
        Assert.All(rendered.All("Deployment"), x => Assert.Contains("AccountKey=c2VjcmV0", rendered.Environment(x, "pod", "10.0.0.1")["Paris__Store"]));
        Assert.Equal("0123456789abcdef0123", rendered.Environment(rendered.Only("Deployment", "gateway"), "pod", "10.0.0.1")["Gateway__Token"]);
    }

    [Fact]
    public void TheGatewayAnswersToItsNames()
    {
        var rendered = Rendered.Of("everything", "gateway.existingSecret.name=");
        var environment = rendered.Environment(rendered.Only("Deployment", "gateway"), "pod", "10.0.0.1");

        var hosts = environment.Where(x => x.Key.StartsWith("Gateway__AllowedHosts__", StringComparison.Ordinal)).Select(x => x.Value).ToArray();

        Assert.Subset(hosts.ToHashSet(), new HashSet<string> { "10.0.0.1", "atelier-gateway.ml.svc", "paris.example.com", "paris.internal" });
        Assert.Equal(hosts.Length, hosts.Distinct().Count());
        Assert.True(environment["Gateway__Token"].Length >= 16);
    }

    [Fact]
    public void AScaledPoolLeavesItsReplicasToKeda()
    {
        var rendered = Rendered.Of("everything");
        var scaled = rendered.All("ScaledObject").Single();

        Assert.False(rendered.Only("Deployment", "pool-a100").At("spec/replicas").Exists);
        Assert.True(rendered.Only("Deployment", "pool-cpu").At("spec/replicas").Exists);
        Assert.Equal(rendered.Only("Deployment", "pool-a100").At("metadata/name").Text, scaled.At("spec/scaleTargetRef/name").Text);
        var trigger = scaled.At("spec/triggers").Items.Single()["metadata"];
        Assert.Equal("4", trigger["threshold"].Text);
        Assert.Contains("paris_jobs_queued", trigger["query"].Text);
        Assert.Contains("""silo=~"atelier-a100-[a-z0-9]+-[a-z0-9]+""", trigger["query"].Text);
        Assert.Equal("1", scaled.At("spec/advanced/horizontalPodAutoscalerConfig/behavior/scaleDown/policies").Items.Single()["value"].Text);
    }

    private static IEnumerable<string> Names(Rendered rendered, Yaml deployment)
    {
        var container = Rendered.Container(deployment);
        return container["env"].Items.Select(x => x["name"].Text)
            .Concat(container["envFrom"].Items.SelectMany(x => rendered.All("ConfigMap").Single(m => m.At("metadata/name").Text == x.At("configMapRef/name").Text)["data"].Entries.Select(e => e.Key)));
    }

    private static string[] Validate(string manifests)
    {
        var file = Path.Combine(Directory.CreateTempSubdirectory("paris-chart-").FullName, "rendered.yaml");
        try
        {
            File.WriteAllText(file, manifests);
            var (code, output) = Repository.Run(
                "node",
                [Path.Combine(Repository.Root, "infra", "tools", "kubernetes", "validate.cjs"), file],
                new Dictionary<string, string> { ["PARIS_KUBERNETES_TOOLS"] = Repository.KubernetesTools });
            Assert.True(code == 0, output);
            return output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        }
        finally
        {
            Directory.Delete(Path.GetDirectoryName(file)!, recursive: true);
        }
    }
}
