using Paris.Core;
using Paris.Core.Rest;
using Paris.Gateway.Security;

namespace Paris.Cli.Client;

/// <summary>Finds a running gateway: <c>PARIS_URL</c> and <c>PARIS_TOKEN</c>, else <c>gateway.json</c> under the store.</summary>
public static class GatewayLocator
{
    public const string DefaultStore = "artifacts/store";

    /// <summary>The store's folder as <c>--store</c>, <c>PARIS_STORE</c> or the default says; relative to the repository when the launcher named it.</summary>
    public static string StoreFolder(string? option)
    {
        if (!string.IsNullOrWhiteSpace(option))
        {
            return option;
        }

        var variable = Environment.GetEnvironmentVariable("PARIS_STORE");
        return string.IsNullOrWhiteSpace(variable) ? Below(DefaultStore) : variable;
    }

    /// <summary>A relative default becomes a path below the repository, so that the launcher works from any folder.</summary>
    public static string Below(string path)
    {
        var root = Environment.GetEnvironmentVariable("PARIS_ROOT");
        return string.IsNullOrEmpty(root) ? path : Path.GetRelativePath(Environment.CurrentDirectory, Path.Combine(root, path));
    }

    /// <exception cref="ParisInputException">There is nothing to find a gateway by; the message says how to start one.</exception>
    public static GatewayAddress Find(string? store)
    {
        var url = Environment.GetEnvironmentVariable("PARIS_URL");
        var token = Environment.GetEnvironmentVariable("PARIS_TOKEN");
        if (!string.IsNullOrWhiteSpace(url))
        {
            return Uri.TryCreate(url, UriKind.Absolute, out var uri) && uri.Scheme is "http" or "https"
                ? new GatewayAddress(url, token ?? "", 0)
                : throw new ParisInputException($"PARIS_URL is '{url}'; write it like http://127.0.0.1:8420.");
        }

        var folder = StoreFolder(store);
        return GatewayAddressFile.Read(folder)
            ?? throw new ParisInputException($"No gateway is known: there is no {Path.Combine(folder, GatewayAddressFile.FileName)}. Start one with 'paris up' (same --store), or set PARIS_URL and PARIS_TOKEN.");
    }

    public static GatewayClient Connect(string? store)
    {
        var address = Find(store);
        return new GatewayClient(address.Url, address.Token);
    }
}
