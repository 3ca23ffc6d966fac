using System.Buffers.Binary;
using System.Security.Cryptography;
using IlZo.Tasks;
using Xunit;

namespace IlZo.Core.Tests.Tasks;

/// <summary>Numbers drawn by NumPy 1.24.2: <c>numpy.random.RandomState(seed)</c>.</summary>
public class NumPyRandomTests
{
    [Theory]
    [InlineData(0u, new[] { 2357136044u, 2546248239u, 3071714933u })]
    [InlineData(26u, new[] { 1322570549u, 3062789438u, 2230769414u })]
    [InlineData(42u, new[] { 1608637542u, 3421126067u, 4083286876u })]
    [InlineData(4294967295u, new[] { 419326371u, 479346978u, 3918654476u })]
    public void Bits_are_those_of_NumPy(uint seed, uint[] expected)
    {
        var random = new NumPyRandom(seed);
        uint[] drawn = [random.NextUInt32(), random.NextUInt32(), random.NextUInt32()];
        Assert.Equal(expected, drawn);
    }

    [Theory]
    [InlineData(0u, 10, new[] { 2, 8, 4, 9, 1, 6, 7, 3, 0, 5 }, "3d6e44c1aacf8a2b1e0298df76a3d86288dc3cb6a22c1cdd56869c299fcd8070")]
    [InlineData(
        0u,
        250,
        new[] { 225, 122, 92, 157, 154, 161, 198, 83, 63, 155 },
        "e8a82030426ba590cd1c6e40485eb3b21be9697b725e92edace2bed0dfa29284")]
    [InlineData(
        26u,
        250,
        new[] { 129, 90, 246, 212, 192, 45, 201, 124, 30, 174 },
        "883bc2a2caa1accd16fd928a0d1ddac47958c9dbb002e3ee97c2da79377aa501")]
    [InlineData(
        42u, 250, new[] { 142, 6, 97, 60, 112, 181, 197, 184, 9, 104 }, "34487734b4b8fb3fc2631ec746a32f55a98bc68398fc3a9f9b9dc46d3c6c7205")]
    [InlineData(
        42u,
        67349,
        new[] { 66730, 29890, 45801, 29352, 19858, 15364, 30026, 38039, 14261, 11661 },
        "e049b9e7b184041a6fef5b0d0173d93e3efb48694b07d8f7a4737c2270a4e3c4")]
    [InlineData(
        0u,
        554,
        new[] { 85, 132, 96, 107, 140, 37, 481, 90, 514, 235 },
        "e216237fd9b917be50c217e61756cc89794fd4160e6afbd5636010b598252c9a")]
    [InlineData(
        0u,
        2490,
        new[] { 2325, 1450, 1047, 2390, 2283, 1500, 794, 1277, 1399, 905 },
        "81c7d8e59f24f19d833d163f4ba17a394cf074f54de457c20107f643f43543e5")]
    [InlineData(
        0u,
        67349,
        new[] { 43787, 16159, 59015, 5108, 67052, 35938, 49879, 51591, 56780, 28518 },
        "69ee25885774856fa5a2acd2563956f1797c1b3896e027d779c98477b0bfcc7f")]
    [InlineData(26u, 10, new[] { 8, 4, 9, 7, 2, 3, 1, 0, 6, 5 }, "5302569abdf44d846380786563e102073219236102384692407b1c0313816b64")]
    [InlineData(
        26u,
        67349,
        new[] { 34521, 4180, 1486, 25964, 47801, 23368, 37520, 47961, 30032, 20536 },
        "a3f5de8cec5bc2f35e1839597963fccf29893bfbff21192ca8f463542e7a4940")]
    [InlineData(42u, 10, new[] { 8, 1, 5, 0, 7, 2, 9, 4, 3, 6 }, "90c74f539aaa1b17dfa92cbf8f743099f481b404bff24cd56c582649a368963b")]
    [InlineData(
        42u,
        2490,
        new[] { 1057, 478, 976, 422, 1399, 1447, 2329, 1937, 2064, 2476 },
        "3b867aa5c7cc59d850818128a62354bc4ccebfdd569615795a71c586f8195887")]
    [InlineData(
        4294967295u,
        67349,
        new[] { 9959, 37806, 9236, 14085, 15855, 45369, 50185, 13646, 3999, 48147 },
        "77a2136a7acdcd5e6912c7eeb79d7cdc357b6a40bf72395a6dda742c58b1abed")]
    public void Permutations_are_those_of_NumPy(uint seed, int n, int[] firstTen, string sha256)
    {
        int[] order = new NumPyRandom(seed).Permutation(n);

        Assert.Equal(firstTen, order[..10]);
        Assert.Equal(sha256, Sha256(order));
    }

    [Fact]
    public void Short_permutations_are_those_of_NumPy()
    {
        Assert.Empty(new NumPyRandom(0).Permutation(0));
        Assert.Equal([0], new NumPyRandom(0).Permutation(1));
        Assert.Equal([1, 0], new NumPyRandom(0).Permutation(2));
        Assert.Equal([0, 1], new NumPyRandom(26).Permutation(2));
    }

    [Fact]
    public void An_interval_of_one_value_draws_nothing()
    {
        var random = new NumPyRandom(0);
        Assert.Equal(0u, random.NextInterval(0));
        Assert.Equal(2357136044u, random.NextInterval(uint.MaxValue));
    }

    /// <summary>SHA-256 of the indices as little-endian 32-bit integers, as the Python side of the goldens computes it.</summary>
    internal static string Sha256(int[] indices)
    {
        byte[] bytes = new byte[4 * indices.Length];
        for (int i = 0; i < indices.Length; i++)
        {
            BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(4 * i), indices[i]);
        }

        return Convert.ToHexStringLower(SHA256.HashData(bytes));
    }
}
