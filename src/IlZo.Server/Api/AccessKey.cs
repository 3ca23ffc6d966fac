using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Http;

namespace IlZo.Server.Api;

/// <summary>
/// What requests have to carry, as <c>Authorization: Bearer KEY</c>. Hashes are compared, in a time that depends on neither key.
/// </summary>
/// <param name="key">The key.</param>
internal sealed class AccessKey(string key)
{
    private const string Scheme = "Bearer ";

    private readonly byte[] _hash = Hash(key);

    /// <summary>Whether a request carries it, once.</summary>
    public bool IsIn(HttpRequest request)
    {
        string? header = request.Headers.Authorization.Count == 1 ? request.Headers.Authorization[0] : null;
        bool hasScheme = header?.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase) == true;
        return CryptographicOperations.FixedTimeEquals(_hash, Hash(hasScheme ? header![Scheme.Length..].Trim() : string.Empty));
    }

    private static byte[] Hash(string text) => Sha256.Hash(Encoding.UTF8.GetBytes(text));
}
