using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using NATS.Client.Core;
using NATS.NKeys;

namespace IlZo.Clusters.Nats;

/// <summary>
/// Reads the files of a <see cref="ClusterConnection"/>. The client would do so while it connects, where a file that is wrong looks like a
/// server that is away and is tried again for ever.
/// </summary>
internal static class ConnectionFiles
{
    private const string JwtLine = "-----BEGIN NATS USER JWT-----";

    private const string SeedLine = "-----BEGIN USER NKEY SEED-----";

    /// <summary>Who asks.</summary>
    /// <param name="connection">The connection.</param>
    /// <exception cref="InvalidInputException">A file cannot be read or lacks what it is for.</exception>
    public static NatsAuthOpts User(ClusterConnection connection)
    {
        if (connection is { CredentialsFile: not null, NKeySeedFile: not null })
        {
            throw new InvalidInputException(
                $"{connection.CredentialsFile} and {connection.NKeySeedFile} both say who this worker is, expected one of them.");
        }

        return connection switch
        {
            { CredentialsFile: { } file } => Credentials(file),
            { NKeySeedFile: { } file } => NKey(file),
            _ => NatsAuthOpts.Default,
        };
    }

    /// <summary>How the connection is kept secret.</summary>
    /// <param name="connection">The connection.</param>
    /// <exception cref="InvalidInputException">A file cannot be read or lacks what it is for.</exception>
    public static NatsTlsOpts Tls(ClusterConnection connection)
    {
        if (connection.TlsCaFile is { } authorities)
        {
            var certificates = new X509Certificate2Collection();
            Read(authorities, certificates.ImportFromPem);
            if (certificates.Count == 0)
            {
                throw new InvalidInputException($"{authorities} has no certificate, expected those of authorities in PEM form.");
            }
        }

        if ((connection.TlsCertificateFile is null) != (connection.TlsKeyFile is null))
        {
            throw new InvalidInputException(
                $"{connection.TlsCertificateFile ?? connection.TlsKeyFile} is alone, expected both a certificate and its key.");
        }

        if (connection is { TlsCertificateFile: { } certificate, TlsKeyFile: { } key })
        {
            string chain = "";
            Read(certificate, text => chain = text.ToString());
            Read(key, secret => X509Certificate2.CreateFromPem(chain, secret).Dispose());
        }

        return new NatsTlsOpts
        {
            CaFile = connection.TlsCaFile,
            CertFile = connection.TlsCertificateFile,
            KeyFile = connection.TlsKeyFile,
            Mode = connection.Address.Tls ? TlsMode.Require : TlsMode.Auto,
        };
    }

    private static NatsAuthOpts Credentials(string file)
    {
        string[] lines = Read(file);
        string? jwt = Behind(lines, JwtLine);
        string? seed = Behind(lines, SeedLine);
        if (jwt is null || seed is null)
        {
            string mark = jwt is null ? JwtLine : SeedLine;
            throw new InvalidInputException($"{file} has nothing behind a line '{mark}', expected a .creds file of NATS.");
        }

        _ = PublicKey(file, seed);
        return new NatsAuthOpts { Jwt = jwt, Seed = seed };
    }

    private static NatsAuthOpts NKey(string file)
    {
        string? seed = Read(file).FirstOrDefault(line => line.StartsWith("SU", StringComparison.Ordinal));
        return seed is null
            ? throw new InvalidInputException($"{file} has no line that begins with SU, expected the seed of a user's NKey.")
            : new NatsAuthOpts { Seed = seed, NKey = PublicKey(file, seed) };
    }

    private static string PublicKey(string file, string seed)
    {
        try
        {
            using var pair = KeyPair.FromSeed(seed);
            return pair.GetPublicKey();
        }
        catch (Exception e) when (e is NKeysException or FormatException or ArgumentException or IndexOutOfRangeException)
        {
            throw new InvalidInputException($"{file} has a seed that is damaged, expected that of a user's NKey.", e);
        }
    }

    private static string? Behind(string[] lines, string mark)
    {
        int at = Array.FindIndex(lines, line => line.StartsWith(mark, StringComparison.Ordinal));
        return at >= 0 && at + 1 < lines.Length && lines[at + 1].Length > 0 ? lines[at + 1] : null;
    }

    private static string[] Read(string file)
    {
        string[] lines = [];
        Read(file, text => lines = text.ToString().Split('\n', StringSplitOptions.TrimEntries));
        return lines;
    }

    private static void Read(string file, Action<ReadOnlySpan<char>> use)
    {
        try
        {
            use(File.ReadAllText(file));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException)
        {
            throw new InvalidInputException($"{file} cannot be read: {e.Message}", e);
        }
        catch (CryptographicException e)
        {
            throw new InvalidInputException($"{file} is not in PEM form: {e.Message}", e);
        }
    }
}
