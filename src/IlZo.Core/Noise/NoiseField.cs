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
        ushort* buffer = stackalloc ushort[Group];
        for (int start = 0; start < destination.Length; start += Group, group++)
        {
            int count = Math.Min(Group, destination.Length - start);
            FillBitsGroup(key, tensor, group, buffer);
            new ReadOnlySpan<ushort>(buffer, count).CopyTo(destination[start..]);
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
            for (int half = 0; half < 2 * groups; half++)
            {
                float* to = d + ((half >> 1) * Group) + ((half & 1) * 8);
                PhiloxLanes.Generate256(key, tensor, (group * BlocksPerGroup) + (half * 4L), out var first, out var second);
                lanes.Low(first).Store(to);
                lanes.High(first).Store(to + 16);
                lanes.Low(second).Store(to + 32);
                lanes.High(second).Store(to + 48);
            }
        }
        else
        {
            ushort* bits = stackalloc ushort[Group];
            for (int g = 0; g < groups; g++, d += Group)
            {
                FillBitsGroup(key, tensor, group + g, bits);
                for (int i = 0; i < Group; i++)
                {
                    d[i] = TLanes.FromBits(bits[i]);
                }
            }
        }
    }

    private static void FillBitsGroup(in NoiseKey key, int tensor, long group, ushort* d)
    {
        long block = group * BlocksPerGroup;
        if (Avx512BW.IsSupported)
        {
            var lower = Vector512.Create(0xFFFFu);
            PhiloxLanes.Generate512(key, tensor, block, out var first, out var second);
            Vector512.Narrow(first & lower, first >> 16).Store(d);
            Vector512.Narrow(second & lower, second >> 16).Store(d + 32);
            return;
        }

        for (int b = 0; b < BlocksPerGroup; b++, block++)
        {
            var words = Philox4x32.Block(key.Seed, (uint)block, NoiseKey.Word1(tensor, block), key.Step, key.Word3);
            Store(d + (2 * b), words.W0);
            Store(d + (2 * b) + 1, words.W1);
            Store(d + (2 * b) + 32, words.W2);
            Store(d + (2 * b) + 33, words.W3);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Store(ushort* lower, uint word)
    {
        lower[0] = (ushort)word;
        lower[16] = (ushort)(word >> 16);
    }
}
