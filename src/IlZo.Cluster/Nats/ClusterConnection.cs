namespace IlZo.Clusters.Nats;

/// <summary>A cluster's servers, and what proves who asks them and who they are. Files are read when a connection is opened.</summary>
/// <param name="Address">Where the servers are.</param>
public sealed record ClusterConnection(ClusterAddress Address)
{
    /// <summary>A <c>.creds</c> file, which has a user's JWT and the seed of its key. Null: none.</summary>
    public string? CredentialsFile { get; init; }

    /// <summary>A file with the seed of a user's NKey, on a line that begins with <c>SU</c>. Null: none.</summary>
    public string? NKeySeedFile { get; init; }

    /// <summary>A PEM file with the authorities that servers' certificates come from. Null: those of the system.</summary>
    public string? TlsCaFile { get; init; }

    /// <summary>A PEM file with the certificate of whoever asks. Null: none.</summary>
    public string? TlsCertificateFile { get; init; }

    /// <summary>A PEM file with the key of <see cref="TlsCertificateFile"/>, not encrypted. Null: none.</summary>
    public string? TlsKeyFile { get; init; }
}
