using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

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
public static unsafe class NoiseField
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
        Fill<NormalLanes>(key, tensor, group, destination);

    /// <summary>The signs of <see cref="FillNormal"/>'s deviates: +1 or −1 with probability ½, without computing the deviates.</summary>
    public static void FillSigns(in NoiseKey key, int tensor, long group, Span<float> destination) =>
        Fill<SignLanes>(key, tensor, group, destination);

    /// <summary>16 random bits each for the elements from the start of <paramref name="group"/> on.</summary>
    public static void FillBits(in NoiseKey key, int tensor, long group, Span<ushort> destination)
    {
        fixed (ushort* d = destination)
        {
            int whole = destination.Length / Group;
            FillBitsOfGroups(key, tensor, group, d, whole);
            int rest = destination.Length - (whole * Group);
            if (rest > 0)
            {
                ushort* last = stackalloc ushort[Group];
                FillBitsOfGroups(key, tensor, group + whole, last, 1);
                new ReadOnlySpan<ushort>(last, rest).CopyTo(destination[(whole * Group)..]);
            }
        }
    }

    private static void Fill<TLanes>(in NoiseKey key, int tensor, long group, Span<float> destination)
        where TLanes : struct, INoiseLanes<TLanes>
    {
        fixed (float* d = destination)
        {
            int whole = destination.Length / Group;
            FillGroups<TLanes>(key, tensor, group, d, whole);
            int rest = destination.Length - (whole * Group);
            if (rest > 0)
            {
                float* last = stackalloc float[Group];
                FillGroups<TLanes>(key, tensor, group + whole, last, 1);
                new ReadOnlySpan<float>(last, rest).CopyTo(destination[(whole * Group)..]);
            }
        }
    }

    private static void FillGroups<TLanes>(in NoiseKey key, int tensor, long group, float* d, int groups)
        where TLanes : struct, INoiseLanes<TLanes>
    {
        if (Avx512BW.IsSupported)
        {
            var lanes = TLanes.Create512();
            int g = 0;

            // Two groups at a time, except where the block index of the second one would carry beyond 32 bits.
            for (; g <= groups - 2 && (((group + g + 1) * BlocksPerGroup) & uint.MaxValue) != 0; g += 2, d += 2 * Group)
            {
                PhiloxLanes.GenerateTwo512(key, tensor, (group + g) * BlocksPerGroup, out var first, out var second, out var third, out var fourth);
                lanes.Low(first).Store(d);
                lanes.High(first).Store(d + 16);
                lanes.Low(second).Store(d + 32);
                lanes.High(second).Store(d + 48);
                lanes.Low(third).Store(d + 64);
                lanes.High(third).Store(d + 80);
                lanes.Low(fourth).Store(d + 96);
                lanes.High(fourth).Store(d + 112);
            }

            for (; g < groups; g++, d += Group)
            {
                PhiloxLanes.Generate512(key, tensor, (group + g) * BlocksPerGroup, out var first, out var second);
                lanes.Low(first).Store(d);
                lanes.High(first).Store(d + 16);
                lanes.Low(second).Store(d + 32);
                lanes.High(second).Store(d + 48);
            }
        }
        else if (Avx2.IsSupported)
        {
            var lanes = TLanes.Create256();
            var roundKeys = new PhiloxLanes.RoundKeys256(key.Seed);
            var words = stackalloc Vector256<uint>[4];
            for (int g = 0; g < groups; g++, d += Group)
            {
                PhiloxLanes.Generate256(key, tensor, (group + g) * BlocksPerGroup, roundKeys, out words[0], out words[2], out words[1], out words[3]);

                // A loop, because the transforms of all words together would not find registers enough.
                for (int i = 0; i < 4; i++)
                {
                    float* to = d + ((i >> 1) * 32) + ((i & 1) * 8);
                    lanes.Low(words[i]).Store(to);
                    lanes.High(words[i]).Store(to + 16);
                }
            }
        }
        else
        {
            ushort* bits = stackalloc ushort[Group];
            for (int g = 0; g < groups; g++, d += Group)
            {
                FillBitsOfGroups(key, tensor, group + g, bits, 1);
                for (int i = 0; i < Group; i++)
                {
                    d[i] = TLanes.FromBits(bits[i]);
                }
            }
        }
    }

    private static void FillBitsOfGroups(in NoiseKey key, int tensor, long group, ushort* d, int groups)
    {
        long block = group * BlocksPerGroup;
        if (Avx512BW.IsSupported)
        {
            var lower = Vector512.Create(0xFFFFu);
            for (int g = 0; g < groups; g++, block += BlocksPerGroup, d += Group)
            {
                PhiloxLanes.Generate512(key, tensor, block, out var first, out var second);
                Vector512.Narrow(first & lower, first >> 16).Store(d);
                Vector512.Narrow(second & lower, second >> 16).Store(d + 32);
            }
        }
        else if (Avx2.IsSupported)
        {
            var roundKeys = new PhiloxLanes.RoundKeys256(key.Seed);
            for (int g = 0; g < groups; g++, block += BlocksPerGroup, d += Group)
            {
                PhiloxLanes.Generate256(key, tensor, block, roundKeys, out var firstA, out var secondA, out var firstB, out var secondB);
                StoreHalves(firstA, firstB, d);
                StoreHalves(secondA, secondB, d + 32);
            }
        }
        else
        {
            for (int g = 0; g < groups; g++, d += Group)
            {
                for (int b = 0; b < BlocksPerGroup; b++, block++)
                {
                    var words = Philox4x32.Block(key.Seed, (uint)block, NoiseKey.Word1(tensor, block), key.Step, key.Word3);
                    Store(d + (2 * b), words.W0);
                    Store(d + (2 * b) + 1, words.W1);
                    Store(d + (2 * b) + 32, words.W2);
                    Store(d + (2 * b) + 33, words.W3);
                }
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void StoreHalves(Vector256<uint> a, Vector256<uint> b, ushort* lower)
    {
        var mask = Vector256.Create(0xFFFFu);
        Vector256.Narrow(a & mask, b & mask).Store(lower);
        Vector256.Narrow(a >> 16, b >> 16).Store(lower + 16);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Store(ushort* lower, uint word)
    {
        lower[0] = (ushort)word;
        lower[16] = (ushort)(word >> 16);
    }
}
