using ILGPU;

namespace IlZo.Kernels;

/// <summary>
/// What a block of weights becomes: fp32 that is the CPU's, bit for bit (<see cref="Arithmetic.Blocks.IBlockFormat"/> has the layouts).
/// Each thread decodes the elements it needs; a block's scale comes from the first-level cache.
/// </summary>
public interface IBlock
{
    /// <summary>An element of a matrix in global memory, whose rows are whole blocks.</summary>
    static abstract float Load(WeightView weights, long index);
}

/// <summary>Weights in blocks, which are fp32 in shared memory.</summary>
public readonly struct BlockedFormat<TBlock> : IWeightFormat
    where TBlock : struct, IBlock
{
    public static bool IsBlocked => true;

    public static int Size => F32Format.Size;

    public static WeightView Shared(int first, int count) => F32Format.Shared(first, count);

    public static Eight Read(WeightView weights, NoiseBlock block) => WeightView.ReadEach<BlockedFormat<TBlock>>(weights, block);

    public static float Load(WeightView weights, long index) => TBlock.Load(weights, index);

    public static float LoadShared(WeightView weights, int index) => F32Format.LoadShared(weights, index);
}

/// <summary>The words of 16 bits that a tensor in blocks consists of, with half a word unused at the end where its bytes are odd.</summary>
internal static class BlockWords
{
    /// <summary>A byte of a block that begins at some word.</summary>
    public static int Byte(WeightView weights, long word, int index)
    {
        int pair = weights.Narrow[word + (index >> 1)];
        return (pair >> ((index & 1) << 3)) & 255;
    }

    /// <summary>A byte of the tensor.</summary>
    public static int Byte(WeightView weights, long index) => Byte(weights, index >> 1, (int)index & 1);

    /// <summary>A signed byte.</summary>
    public static int SignedByte(WeightView weights, long word, int index) => Byte(weights, word, index) << 24 >> 24;

    /// <summary>A binary16.</summary>
    public static float Half(WeightView weights, long word) => F16Format.Widen(weights.Narrow[word]);
}

/// <summary>Blocks of 32 with a binary16 scale and signed bytes.</summary>
public readonly struct Q8ZeroBlock : IBlock
{
    private const int Words = 17;

    public static float Load(WeightView weights, long index)
    {
        long block = index / 32 * Words;
        return BlockWords.Half(weights, block) * BlockWords.SignedByte(weights, block + 1, (int)(index % 32));
    }
}

/// <summary>Blocks of 32 with a binary16 scale and 4 bits an element.</summary>
public readonly struct Q4ZeroBlock : IBlock
{
    private const int Words = 9;

    public static float Load(WeightView weights, long index)
    {
        long block = index / 32 * Words;
        int i = (int)(index % 32);
        int nibble = (BlockWords.Byte(weights, block + 1, i % 16) >> (i / 16 * 4)) & 15;
        return BlockWords.Half(weights, block) * (nibble - 8);
    }
}

/// <summary>Blocks of 256 with a scale and an offset for each 32 and 4 bits an element.</summary>
public readonly struct Q4KBlock : IBlock
{
    private const int Words = 72;
    private const int Quants = 8;

    public static float Load(WeightView weights, long index)
    {
        long block = index / 256 * Words;
        int i = (int)(index % 256);
        int run = i / 32;
        int scale = Six(weights, block + 2, run, 0);
        int least = Six(weights, block + 2, run, 1);
        int nibble = (BlockWords.Byte(weights, block + Quants, (run / 2 * 32) + (i % 32)) >> (run % 2 * 4)) & 15;
        return (BlockWords.Half(weights, block) * scale * nibble) - (BlockWords.Half(weights, block + 1) * least);
    }

    // Of 12 bytes the scales (0) or the offsets (1): six bits of the first eight for runs 0 to 3; later ones have four bits in the last
    // four bytes, and two at the top of the first ones.
    private static int Six(WeightView weights, long word, int run, int which)
    {
        int later = run / 4;
        int first = BlockWords.Byte(weights, word, (run % 4) + (4 * which));
        int last = (BlockWords.Byte(weights, word, 8 + (run % 4)) >> (4 * which)) & 15;
        return later == 0 ? first & 63 : last | (first >> 6 << 4);
    }
}

/// <summary>Blocks of 256 with a scale for each 16 and 6 bits an element.</summary>
public readonly struct Q6KBlock : IBlock
{
    private const int Words = 105;
    private const int Upper = 64;
    private const int Scales = 96;
    private const int D = 104;

    public static float Load(WeightView weights, long index)
    {
        long block = index / 256 * Words;
        int i = (int)(index % 256);
        int half = i / 128;
        int quarter = i % 128 / 32;
        int lane = i % 32;
        int nibble = (BlockWords.Byte(weights, block, (64 * half) + (32 * (quarter % 2)) + lane) >> (quarter / 2 * 4)) & 15;
        int high = (BlockWords.Byte(weights, block + Upper, (32 * half) + lane) >> (2 * quarter)) & 3;
        return BlockWords.Half(weights, block + D) * BlockWords.SignedByte(weights, block + Scales, i / 16) * ((nibble | (high << 4)) - 32);
    }
}

/// <summary>Blocks of 64 with an fp32 scale and 4 bits an element that choose a quantile of a normal distribution.</summary>
public readonly struct NormalFloatBlock : IBlock
{
    private const int Words = 18;

    public static float Load(WeightView weights, long index)
    {
        long block = index / 64 * Words;
        int i = (int)(index % 64);
        int code = (BlockWords.Byte(weights, block + 2, i / 2) >> (4 - (i % 2 * 4))) & 15;
        float scale = BitConverter.Int32BitsToSingle(weights.Narrow[block] | (weights.Narrow[block + 1] << 16));
        return scale * Level(code);
    }

    // A tree of choices: a table would have to be sent along.
    private static float Level(int code)
    {
        float first = Choose(code, -1.0f, -0.6961928009986877f, -0.5250730514526367f, -0.39491748809814453f);
        float second = Choose(code, -0.28444138169288635f, -0.18477343022823334f, -0.09105003625154495f, 0.0f);
        float third = Choose(code, 0.07958029955625534f, 0.16093020141124725f, 0.24611230194568634f, 0.33791524171829224f);
        float last = Choose(code, 0.44070982933044434f, 0.5626170039176941f, 0.7229568362236023f, 1.0f);
        return Choose(code >> 2, first, second, third, last);
    }

    private static float Choose(int code, float a, float b, float c, float d)
    {
        float lower = (code & 1) == 0 ? a : b;
        float upper = (code & 1) == 0 ? c : d;
        return (code & 2) == 0 ? lower : upper;
    }
}

/// <summary>Blocks of 32 with a binary16 scale, a zero and 4 bits an element; they begin at any byte.</summary>
public readonly struct ZeroPointBlock : IBlock
{
    private const int Bytes = 19;
    private const int Zero = 2;
    private const int Codes = 3;

    public static float Load(WeightView weights, long index)
    {
        long block = index / 32 * Bytes;
        int i = (int)(index % 32);
        int nibble = (BlockWords.Byte(weights, block + Codes + (i % 16)) >> (i / 16 * 4)) & 15;
        int code = (nibble - BlockWords.Byte(weights, block + Zero)) << 24 >> 24;
        int half = BlockWords.Byte(weights, block) | (BlockWords.Byte(weights, block + 1) << 8);
        return F16Format.Widen((ushort)half) * code;
    }
}
