using System.Buffers.Binary;
using IlZo.Tasks;

namespace IlZo.Training;

/// <summary>
/// Parts of losses as bytes: the f64 sum of each, little-endian. How many terms it has follows from the example.
/// </summary>
internal static class ExampleLossBytes
{
    // A term is a log-probability or a metric. What is beyond this is no loss of a model that computes; it may be anything but finite.
    private const double LargestTerm = 1e6;

    /// <summary>The bytes of losses.</summary>
    /// <param name="losses">The losses.</param>
    public static byte[] Encode(IReadOnlyList<ExampleLoss> losses)
    {
        byte[] bytes = new byte[sizeof(double) * losses.Count];
        for (int i = 0; i < losses.Count; i++)
        {
            BinaryPrimitives.WriteDoubleLittleEndian(bytes.AsSpan(sizeof(double) * i), losses[i].Sum);
        }

        return bytes;
    }

    /// <summary>Reads losses.</summary>
    /// <param name="bytes">Their bytes, and nothing else.</param>
    /// <param name="losses">How many they are.</param>
    /// <param name="terms">The terms of each.</param>
    /// <param name="endsInDerivative">Whether the last of them is a derivative, which may be as large as it likes.</param>
    /// <returns>Null where they are other losses than these can be.</returns>
    public static ExampleLoss[]? Decode(ReadOnlySpan<byte> bytes, int losses, int terms, bool endsInDerivative = false)
    {
        if (bytes.Length != sizeof(double) * (long)losses)
        {
            return null;
        }

        var read = new ExampleLoss[losses];
        for (int i = 0; i < losses; i++)
        {
            read[i] = new ExampleLoss(BinaryPrimitives.ReadDoubleLittleEndian(bytes[(sizeof(double) * i)..]), terms);
        }

        var bounded = endsInDerivative ? read[..^1] : read;
        return Array.TrueForAll(bounded, r => !(double.IsFinite(r.Sum) && Math.Abs(r.Sum) > LargestTerm * terms)) ? read : null;
    }
}
