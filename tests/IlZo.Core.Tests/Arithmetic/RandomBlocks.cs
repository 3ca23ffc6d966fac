using IlZo.Tensors;

namespace IlZo.Core.Tests.Arithmetic;

/// <summary>Blocks with any bits but those of their scales, which are small numbers.</summary>
internal static class RandomBlocks
{
    /// <summary>Blocks for a matrix.</summary>
    public static byte[] Create(DType type, int rows, int columns, int seed)
    {
        var layout = type.Layout();
        byte[] stored = new byte[rows * layout.Bytes(columns)];
        new Random(seed).NextBytes(stored);
        for (int at = 0; at < stored.Length; at += layout.BlockBytes)
        {
            MakeFinite(type, stored.AsSpan(at, layout.BlockBytes));
        }

        return stored;
    }

    /// <summary>Replaces the scales of a block.</summary>
    public static void MakeFinite(DType type, Span<byte> block)
    {
        float scale = (1 + (block[5] / 64f)) / 64;
        switch (type)
        {
            case DType.NF4:
                BitConverter.TryWriteBytes(block, scale);
                break;
            case DType.Q4_K:
                BitConverter.TryWriteBytes(block, (Half)(scale / 64));
                BitConverter.TryWriteBytes(block[2..], (Half)(scale / 32));
                break;
            case DType.Q6_K:
                BitConverter.TryWriteBytes(block[208..], (Half)(scale / 128));
                break;
            default:
                BitConverter.TryWriteBytes(block, (Half)scale);
                break;
        }
    }
}
