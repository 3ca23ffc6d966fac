using System.Security.Cryptography;
using System.Text;
using Xunit;

namespace IlZo.Core.Tests;

/// <summary>SHA-256 against the examples of FIPS 180 and against the framework's.</summary>
public class Sha256Tests
{
    [Theory]
    [InlineData("", 1, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")]
    [InlineData("abc", 1, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")]
    [InlineData(
        "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", 1, "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1")]
    [InlineData("a", 1_000_000, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0")]
    public void Examples_of_the_standard_have_their_hashes(string text, int times, string hash)
    {
        var sha = new Sha256();
        for (int i = 0; i < times; i++)
        {
            sha.Append(Encoding.ASCII.GetBytes(text));
        }

        Assert.Equal(hash, Convert.ToHexStringLower(sha.Finish()));
    }

    [Fact]
    public void Any_length_in_any_pieces_has_the_hash_of_the_whole()
    {
        var random = new Random(1);
        for (int length = 0; length < 300; length++)
        {
            byte[] data = new byte[length];
            random.NextBytes(data);
            var sha = new Sha256();
            for (int start = 0; start < length;)
            {
                int count = Math.Min(length - start, random.Next(100));
                sha.Append(data.AsSpan(start, count));
                start += count;
            }

            Assert.Equal(SHA256.HashData(data), sha.Finish());
        }
    }
}
