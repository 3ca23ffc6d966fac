using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using IlZo.Arithmetic;
using IlZo.Tensors;

namespace IlZo.Noise;

/// <summary>
/// Fills spans with the numbers of a noise field, 64 elements (a group) at a time.
/// </summary>
/// <remarks>
/// The elements of a matrix row are numbered with the row padded to whole groups, so every row starts a group: element
/// (row, column) is number row · 64⌈columns/64⌉ + column. Group g takes the Philox blocks 8g … 8g+7. Its element e lies in
/// block (e mod 16) / 2, word 2·(e / 32) + e mod 2, lower half where (e / 16) is even and upper half where it is odd: the order
/// in which a vector of eight 64-bit lanes produces them, so that nothing has to be shuffled.
/// </remarks>
internal static unsafe class NoiseField
{
    /// <summary>Elements a group has.</summary>
    public const int Group = 64;

    internal const int BlocksPerGroup = 8;

    /// <summary>The number of the group that holds column <paramref name="column"/> (a multiple of 64) of a row.</summary>
    public static long GroupOf(int row, int column, int columns) =>
        ((long)row * ((columns + Group - 1) / Group)) + (column / Group);

    /// <summary>The 16 bits of one element: the definition that <see cref="FillBits"/> and <see cref="FillNormal"/> repeat.</summary>
    public static ushort Bits(in NoiseKey key, int tensor, long group, int element)
    {
        long block = (group * BlocksPerGroup) + ((element & 15) >> 1);
        var words = Philox4x32.Block(key.Seed, (uint)block, NoiseKey.Word1(tensor, block), key.Step, key.Word3);
        uint word = (((element >> 5) << 1) | (element & 1)) switch
        {
            0 => words.W0,
            1 => words.W1,
            2 => words.W2,
            _ => words.W3,
        };
        return (ushort)((element & 16) == 0 ? word : word >> 16);
    }

    /// <summary>Standard normal deviates for the elements from the start of <paramref name="group"/> on.</summary>
    public static void FillNormal(in NoiseKey key, int tensor, long group, Span<float> destination) =>
        Fill<NormalLanes, float>(key, tensor, group, destination);

    /// <summary>The signs of <see cref="FillNormal"/>'s deviates: +1 or −1 with probability ½, without computing the deviates.</summary>
    public static void FillSigns(in NoiseKey key, int tensor, long group, Span<float> destination) =>
        Fill<SignLanes, float>(key, tensor, group, destination);

    /// <summary>16 random bits each for the elements from the start of <paramref name="group"/> on.</summary>
    public static void FillBits(in NoiseKey key, int tensor, long group, Span<ushort> destination) =>
        Fill<BitLanes, ushort>(key, tensor, group, destination);

    /// <summary>Adds deviates as those of <see cref="FillNormal"/>, times a factor, to a sum, each by one fused multiply-add.</summary>
    /// <param name="key">The field.</param>
    /// <param name="tensor">The tensor.</param>
    /// <param name="group">The group in which the sum starts.</param>
    /// <param name="factor">The factor.</param>
    /// <param name="sum">The sum.</param>
    /// <param name="isFirst">Whether it begins here, at zero, and is not read.</param>
    public static void AddNormal(in NoiseKey key, int tensor, long group, float factor, Span<float> sum, bool isFirst)
    {
        if (isFirst)
        {
            Fill<NormalTermLanes<FirstTerm>, float>(key, tensor, group, sum, factor);
        }
        else
        {
            Fill<NormalTermLanes<FurtherTerm>, float>(key, tensor, group, sum, factor);
        }
    }

    /// <summary>
    /// Rounds fp32 numbers stochastically to those that a type of 16 bits has, by the bits of <see cref="FillBits"/>: what
    /// <see cref="StochasticRounding.Round(DType, float, ushort)"/> makes of each, widened again.
    /// </summary>
    public static void Round(DType type, in NoiseKey key, int tensor, long group, Span<float> values)
    {
        if (type == DType.BF16)
        {
            Fill<RoundingLanes<RoundedBFloat16>, float>(key, tensor, group, values);
        }
        else
        {
            Fill<RoundingLanes<RoundedHalf>, float>(key, tensor, group, values);
        }
    }

    private static void Fill<TLanes, TElement>(in NoiseKey key, int tensor, long group, Span<TElement> destination, float factor = 1)
        where TLanes : struct, INoiseLanes<TLanes, TElement>
        where TElement : unmanaged
    {
        fixed (TElement* d = destination)
        {
            int whole = destination.Length / Group;
            FillGroups<TLanes, TElement>(key, tensor, group, d, whole, factor);
            int rest = destination.Length - (whole * Group);
            if (rest > 0)
            {
                TElement* last = stackalloc TElement[Group];
                destination[(whole * Group)..].CopyTo(new Span<TElement>(last, rest));
                FillGroups<TLanes, TElement>(key, tensor, group + whole, last, 1, factor);
                new ReadOnlySpan<TElement>(last, rest).CopyTo(destination[(whole * Group)..]);
            }
        }
    }

    private static void FillGroups<TLanes, TElement>(in NoiseKey key, int tensor, long group, TElement* d, int groups, float factor)
        where TLanes : struct, INoiseLanes<TLanes, TElement>
        where TElement : unmanaged
    {
        long block = group * BlocksPerGroup;
        if (Avx512BW.IsSupported)
        {
            Fill512<TLanes, TElement>(key, tensor, block, d, groups, factor);
        }
        else if (Avx2.IsSupported)
        {
            Fill256<TLanes, TElement>(key, tensor, block, d, groups, factor);
        }
        else
        {
            FillOneByOne<TLanes, TElement>(key, tensor, block, d, groups, factor);
        }
    }

    [SkipLocalsInit]
    private static void Fill512<TLanes, TElement>(in NoiseKey key, int tensor, long block, TElement* d, int groups, float factor)
        where TLanes : struct, INoiseLanes<TLanes, TElement>
        where TElement : unmanaged
    {
        var lanes = TLanes.Create512(factor);
        var words = stackalloc Vector512<uint>[6];
        int g = 0;

        // Three groups at a time, except where the block index of one of them would carry beyond 32 bits.
        for (; g <= groups - 3 && (uint)block < uint.MaxValue - (3 * BlocksPerGroup); g += 3, block += 3 * BlocksPerGroup)
        {
            PhiloxLanes.GenerateThree512(key, tensor, block, words);
            for (int i = 0; i < 6; i++, d += 32)
            {
                lanes.Store(words[i], d);
            }
        }

        for (; g < groups; g++, block += BlocksPerGroup, d += Group)
        {
            PhiloxLanes.Generate512(key, tensor, block, words);
            lanes.Store(words[0], d);
            lanes.Store(words[1], d + 32);
        }
    }

    [SkipLocalsInit]
    private static void Fill256<TLanes, TElement>(in NoiseKey key, int tensor, long block, TElement* d, int groups, float factor)
        where TLanes : struct, INoiseLanes<TLanes, TElement>
        where TElement : unmanaged
    {
        var lanes = TLanes.Create256(factor);
        var roundKeys = new PhiloxLanes.RoundKeys256(key.Seed);
        var words = stackalloc Vector256<uint>[4];
        for (int g = 0; g < groups; g++, block += BlocksPerGroup, d += Group)
        {
            PhiloxLanes.Generate256(key, tensor, block, roundKeys, words);

            // A loop, because the transforms of all words together would not find registers enough.
            for (int i = 0; i < 4; i++)
            {
                lanes.Store(words[i], d + ((i & 1) * 32) + ((i >> 1) * 8));
            }
        }
    }

    private static void FillOneByOne<TLanes, TElement>(in NoiseKey key, int tensor, long block, TElement* d, int groups, float factor)
        where TLanes : struct, INoiseLanes<TLanes, TElement>
        where TElement : unmanaged
    {
        for (int g = 0; g < groups; g++, d += Group)
        {
            for (int b = 0; b < BlocksPerGroup; b++, block++)
            {
                var words = Philox4x32.Block(key.Seed, (uint)block, NoiseKey.Word1(tensor, block), key.Step, key.Word3);
                Store<TLanes, TElement>(words.W0, d + (2 * b), factor);
                Store<TLanes, TElement>(words.W1, d + (2 * b) + 1, factor);
                Store<TLanes, TElement>(words.W2, d + (2 * b) + 32, factor);
                Store<TLanes, TElement>(words.W3, d + (2 * b) + 33, factor);
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Store<TLanes, TElement>(uint word, TElement* lower, float factor)
        where TLanes : struct, INoiseLanes<TLanes, TElement>
        where TElement : unmanaged
    {
        TLanes.Store((ushort)word, lower, factor);
        TLanes.Store((ushort)(word >> 16), lower + 16, factor);
    }
}
