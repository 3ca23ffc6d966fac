using System.Diagnostics.CodeAnalysis;

namespace IlZo.Clusters.Nats;

/// <summary>Where a cluster's NATS servers are: <c>nats://host:port</c>, or <c>tls://host:port</c>, several with commas between.</summary>
public sealed record ClusterAddress
{
    /// <summary>The flag that an address is given with, which messages begin with.</summary>
    internal const string Flag = "--cluster";

    private const int DefaultPort = 4222;

    private ClusterAddress(string servers, bool tls)
    {
        Servers = servers;
        Tls = tls;
    }

    /// <summary>The servers as addresses with schemes and ports, with commas between them. No spaces.</summary>
    public string Servers { get; }

    /// <summary>Whether servers that offer no TLS are refused.</summary>
    public bool Tls { get; }

    /// <summary>Reads an address.</summary>
    /// <param name="text">What the user gave. Without a port it is 4222.</param>
    /// <exception cref="InvalidInputException">It is none: one sentence, with the server that is wrong.</exception>
    public static ClusterAddress Parse(string text)
    {
        string[] parts = text.Split(',', StringSplitOptions.TrimEntries);
        var servers = Array.ConvertAll(parts, ServerOf);
        bool tls = servers[0].Scheme == "tls";
        if (Array.Exists(servers, s => s.Scheme != servers[0].Scheme))
        {
            throw Refusal(text, "has servers with and without TLS, expected nats:// or tls:// for all of them");
        }

        return new ClusterAddress(string.Join(',', servers.Select(s => $"{s.Scheme}://{s.Host}:{s.Port}")), tls);
    }

    /// <inheritdoc/>
    public override string ToString() => Servers;

    private static (string Scheme, string Host, int Port) ServerOf(string text)
    {
        if (!Uri.TryCreate(text, UriKind.Absolute, out var uri) || uri.Scheme is not ("nats" or "tls") || !HasAuthority(text, uri))
        {
            throw Refusal(text, "is no address of a server, expected nats://HOST:PORT or tls://HOST:PORT, several with commas between");
        }

        // Arguments are in lists of processes, where others read them.
        if (uri.UserInfo.Length > 0)
        {
            throw Refusal($"{uri.Scheme}://{uri.Authority}", "has a name or a password before the host, expected those in a file");
        }

        return uri.PathAndQuery is "" or "/" && uri.Fragment.Length == 0 && uri.Port != 0
            ? (uri.Scheme, uri.Host, uri.Port < 0 ? DefaultPort : uri.Port)
            : throw Refusal(text, "has more or less than a host and a port from 1 to 65535");
    }

    private static bool HasAuthority([NotNullWhen(true)] string? text, Uri uri) =>
        text is not null && text.StartsWith($"{uri.Scheme}://", StringComparison.OrdinalIgnoreCase) && uri.Host.Length > 0;

    private static InvalidInputException Refusal(string text, string problem) => new($"{Flag} '{text}' {problem}.");
}
