using IlZo.Noise;
using IlZo.Tensors;

namespace IlZo.Benchmarks;

/// <summary>
/// Blocks with any bits but those of their scales, which make weights of the usual size; the same in every run, for tests and benchmarks.
/// </summary>
internal static class RandomBlocks
{
    /// <summary>Fills memory with blocks.</summary>
    /// <param name="type">A type with blocks.</param>
    /// <param name="blocks">Whole blocks.</param>
    /// <param name="seed">Other numbers give other blocks.</param>
    public static void Fill(DType type, Span<byte> blocks, uint seed)
    {
        var key = new NoiseKey(seed, NoiseStream.Initialization, 0, 0);
        for (int i = 0; i < blocks.Length; i++)
        {
            blocks[i] = (byte)(key.Word(i) >> 13);
        }

        int size = type.Layout().BlockBytes;
        for (int at = 0; at < blocks.Length; at += size)
        {
            SetScales(type, blocks.Slice(at, size));
        }
    }

    // So that the largest magnitudes are between 0.1 and 0.3.
    private static void SetScales(DType type, Span<byte> block)
    {
        float largest = 0.1f + (block[5] / 1280f);
        switch (type)
        {
            case DType.NF4:
                BitConverter.TryWriteBytes(block, largest);
                break;
            case DType.Q4_Z:
                BitConverter.TryWriteBytes(block, (Half)(largest / 15));
                block[2] &= 15;
                break;
            case DType.Q4_K:
                BitConverter.TryWriteBytes(block, (Half)(largest / (15 * 63)));
                BitConverter.TryWriteBytes(block[2..], (Half)(largest / (2 * 63)));
                break;
            case DType.Q6_K:
                BitConverter.TryWriteBytes(block[208..], (Half)(largest / (32 * 128)));
                break;
            default:
                BitConverter.TryWriteBytes(block, (Half)(largest / (type == DType.Q8_0 ? 128 : 8)));
                break;
        }
    }
}
