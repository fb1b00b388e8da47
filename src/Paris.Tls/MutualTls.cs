using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Orleans.Connections.Security;
using Paris.Core;

namespace Paris.Tls;

/// <summary>
/// Mutual TLS with an authority of the cluster's own: whoever shows a certificate that the authority signed belongs to the cluster,
/// under whatever address. Both ends show one.
/// </summary>
internal sealed class MutualTls
{
    public const string Help = """
        The silo and the gateway with TLS between them.

        Usage: paris tls silo|gateway [arguments]      (see 'paris silo --help', 'paris gateway --help')

        Three PEM files, the same for every process of the cluster, named in the environment:
          Paris__Tls__Certificate   this process's certificate
          Paris__Tls__Key           its private key
          Paris__Tls__Authority     the certificate of the authority that signed the certificates of all

        Example:
          Paris__Tls__Certificate=tls.crt Paris__Tls__Key=tls.key Paris__Tls__Authority=ca.crt paris tls silo --store ./store --listen 10.0.0.5
        """;

    private readonly X509Certificate2 _certificate;
    private readonly X509Certificate2Collection _authority;

    private MutualTls(X509Certificate2 certificate, X509Certificate2Collection authority) => (_certificate, _authority) = (certificate, authority);

    /// <summary>Reads the three files.</summary>
    /// <exception cref="ParisInputException">One is missing or no such file, or the certificate is not the authority's.</exception>
    public static MutualTls FromEnvironment()
    {
        var (certificate, key, authority) = (Named("Certificate"), Named("Key"), Named("Authority"));
        try
        {
            X509Certificate2Collection roots = [];
            roots.ImportFromPemFile(authority);
            using var pair = X509Certificate2.CreateFromPemFile(certificate, key);

            // A key out of a PEM file belongs to no store; only one out of a PKCS #12 serves on every platform.
            var tls = new MutualTls(X509CertificateLoader.LoadPkcs12(pair.Export(X509ContentType.Pkcs12), null), roots);
            return tls.IsMember(tls._certificate) ? tls : throw new ParisInputException($"The certificate {certificate} was not signed by {authority}, or is not valid now; every process needs one of the same authority.");
        }
        catch (CryptographicException exception)
        {
            throw new ParisInputException($"TLS: {certificate}, {key} and {authority} are no certificate, its key and an authority in PEM ({exception.Message.TrimEnd('.')}).", exception);
        }
    }

    public void Configure(TlsOptions options)
    {
        options.LocalCertificate = _certificate;
        options.RemoteCertificateMode = RemoteCertificateMode.RequireCertificate;
        options.ClientCertificateMode = RemoteCertificateMode.RequireCertificate;
        options.RemoteCertificateValidation = (certificate, _, errors) => !errors.HasFlag(SslPolicyErrors.RemoteCertificateNotAvailable) && IsMember(certificate);

        // Pods have no names worth checking: the authority says who belongs to the cluster.
        options.OnAuthenticateAsClient = (_, client) => client.TargetHost = "paris";
    }

    private bool IsMember(X509Certificate2 certificate)
    {
        using var chain = new X509Chain();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.CustomTrustStore.AddRange(_authority);
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        return chain.Build(certificate);
    }

    private static string Named(string what) => Environment.GetEnvironmentVariable("Paris__Tls__" + what) switch
    {
        null or "" => throw new ParisInputException($"Paris__Tls__{what} is not set; name a PEM file ('paris tls --help')."),
        var file when !File.Exists(file) => throw new ParisInputException($"Paris__Tls__{what}: there is no file '{file}'."),
        var file => file,
    };
}
