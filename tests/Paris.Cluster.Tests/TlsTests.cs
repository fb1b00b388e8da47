using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Paris.Core.Tests.Storage;
using Xunit;
using Xunit.Abstractions;

namespace Paris.Cluster.Tests;

/// <summary>Mutual TLS between silos and a gateway, with an authority of the test's own.</summary>
public sealed class TlsTests(AzuriteFixture azurite, ITestOutputHelper output) : IClassFixture<AzuriteFixture>
{
    [TlsFact]
    public async Task OnlyWhoTheAuthoritySignedBelongsToTheCluster()
    {
        using var authority = new Authority();
        using var strangers = new Authority();
        await using var cluster = new ProcessCluster(output, azurite.ConnectionString, null, "--steps", "1000000", "--step-ms", "50", "--beside") { Tls = true };
        authority.Name(cluster);
        await cluster.StartSiloAsync("a", 1);
        await cluster.StartSiloAsync("b", 1);
        await cluster.StartGatewayAsync();
        await cluster.SubmitAsync(2);
        Assert.Equal(["a", "b"], (await cluster.WaitForExpertsAsync(2)).Select(x => x.Silo).Order());

        // A stranger's certificate, and none at all: both find the silos in the store, and no silo talks to them.
        strangers.Name(cluster);
        var stranger = cluster.LaunchGateway();
        cluster.Tls = false;
        var plain = cluster.LaunchGateway();
        foreach (var gateway in (ClusterProcess[])[stranger, plain])
        {
            await cluster.WaitAsync("a gateway is refused", async () => (await cluster.ProbeAsync(gateway, "/readyz"))?.Text.StartsWith("no silo is connected: ", StringComparison.Ordinal) == true, 60);
        }
    }

    private sealed class Authority : IDisposable
    {
        private readonly ECDsa _key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        private readonly X509Certificate2 _certificate;

        public Authority()
        {
            var request = new CertificateRequest("CN=the authority of a test", _key, HashAlgorithmName.SHA256);
            request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
            _certificate = request.CreateSelfSigned(Now.AddMinutes(-5), Now.AddHours(1));
        }

        private static DateTimeOffset Now => TimeProvider.System.GetUtcNow();

        /// <summary>Signs a certificate and gives it to the programs started from now on.</summary>
        public void Name(ProcessCluster cluster)
        {
            using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
            var request = new CertificateRequest("CN=a member", key, HashAlgorithmName.SHA256);
            using var certificate = request.Create(_certificate, Now.AddMinutes(-5), Now.AddMinutes(50), RandomNumberGenerator.GetBytes(8));
            cluster.NameCertificate(certificate.ExportCertificatePem(), key.ExportPkcs8PrivateKeyPem(), _certificate.ExportCertificatePem());
        }

        public void Dispose()
        {
            _certificate.Dispose();
            _key.Dispose();
        }
    }
}
