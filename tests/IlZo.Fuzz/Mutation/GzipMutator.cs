using System.IO.Compression;

namespace IlZo.Fuzz.Mutation;

/// <summary>Changes what is compressed in an input, and now and then the compressed bytes.</summary>
/// <param name="content">Changes the content.</param>
internal sealed class GzipMutator(IMutator content) : IMutator
{
    private readonly ByteMutator _bytes = new();

    public byte[] Mutate(Random random, byte[] input, byte[] other) => random.Next(4) == 0 || Decompressed(input) is not { } plain
        ? _bytes.Mutate(random, input, other)
        : Compressed(content.Mutate(random, plain, Decompressed(other) ?? plain));

    // Null where it is broken.
    private static byte[]? Decompressed(byte[] input)
    {
        try
        {
            using var gzip = new GZipStream(new MemoryStream(input), CompressionMode.Decompress);
            using var plain = new MemoryStream();
            gzip.CopyTo(plain);
            return plain.ToArray();
        }
        catch (InvalidDataException)
        {
            return null;
        }
    }

    private static byte[] Compressed(byte[] plain)
    {
        using var stream = new MemoryStream();
        using (var gzip = new GZipStream(stream, CompressionLevel.Fastest))
        {
            gzip.Write(plain);
        }

        return stream.ToArray();
    }
}
