using System.Buffers.Binary;
using IlZo.Tasks;

namespace IlZo.Training;

/// <summary>Parts of losses as bytes, little-endian: of each f64 sum, i32 count.</summary>
internal static class ExampleLossBytes
{
    private const int Size = sizeof(double) + sizeof(int);

    // A term is a log-probability or a metric. What is beyond this is no loss of a model that computes; it may be anything but finite.
    private const double LargestTerm = 1e6;

    /// <summary>The bytes of losses.</summary>
    /// <param name="losses">The losses.</param>
    public static byte[] Encode(IReadOnlyList<ExampleLoss> losses)
    {
        byte[] bytes = new byte[Size * losses.Count];
        for (int i = 0; i < losses.Count; i++)
        {
            var place = bytes.AsSpan(Size * i, Size);
            BinaryPrimitives.WriteDoubleLittleEndian(place, losses[i].Sum);
            BinaryPrimitives.WriteInt32LittleEndian(place[sizeof(double)..], losses[i].Count);
        }

        return bytes;
    }

    /// <summary>Reads losses.</summary>
    /// <param name="bytes">Their bytes, and nothing else.</param>
    /// <param name="losses">How many they are.</param>
    /// <param name="terms">The terms of each.</param>
    /// <returns>Null where they are other losses than these can be.</returns>
    public static ExampleLoss[]? Decode(ReadOnlySpan<byte> bytes, int losses, int terms)
    {
        if (bytes.Length != Size * (long)losses)
        {
            return null;
        }

        var read = new ExampleLoss[losses];
        for (int i = 0; i < losses; i++)
        {
            var place = bytes.Slice(Size * i, Size);
            read[i] = new ExampleLoss(
                BinaryPrimitives.ReadDoubleLittleEndian(place), BinaryPrimitives.ReadInt32LittleEndian(place[sizeof(double)..]));
        }

        return Array.TrueForAll(read, r => r.Count == terms && !(double.IsFinite(r.Sum) && Math.Abs(r.Sum) > LargestTerm * terms))
            ? read
            : null;
    }
}
