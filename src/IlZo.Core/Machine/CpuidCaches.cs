namespace IlZo.Machine;

/// <summary>The instruction CPUID.</summary>
/// <param name="function">The leaf.</param>
/// <param name="subfunction">The part of it.</param>
internal delegate (int Eax, int Ebx, int Ecx, int Edx) CpuId(int function, int subfunction);

/// <summary>
/// Caches as an x86 processor describes them itself: leaf 4 (Intel SDM, volume 2A, CPUID), leaf 8000001D of the same form and the older
/// leaves 80000005 and 80000006 (AMD APM, volume 3, appendix E), which virtual machines may leave in place where they blank the others.
/// </summary>
internal static class CpuidCaches
{
    private const int Vendor = 0;
    private const int IntelCaches = 4;
    private const int Topology = 0xB;
    private const int Extended = unchecked((int)0x80000000);
    private const int AmdFeatures = Extended + 1;
    private const int AmdFirstCaches = Extended + 5;
    private const int AmdLaterCaches = Extended + 6;
    private const int AmdCaches = Extended + 0x1D;
    private const int AmdTopologyBit = 22;
    private const int ThreadLevel = 1;
    private const int MostCaches = 16;

    // EDX, EBX and ECX of leaf 0 spell the vendor; EBX is enough.
    private const int Auth = 0x68747541;
    private const int Hygo = 0x6F677948;

    /// <summary>Reads the caches and the hyper-threads of a core.</summary>
    /// <param name="cpuid">The instruction.</param>
    public static MachineCaches Read(CpuId cpuid)
    {
        var (last, vendor, _, _) = cpuid(Vendor, 0);
        bool isAmd = vendor is Auth or Hygo;
        uint lastExtended = (uint)cpuid(Extended, 0).Eax;
        bool Has(int leaf) => leaf < 0 ? (uint)leaf <= lastExtended : leaf <= last;
        IReadOnlyList<CacheLevel> levels = [];
        if (!isAmd && Has(IntelCaches))
        {
            levels = Described(cpuid, IntelCaches);
        }
        else if (isAmd && Has(AmdCaches) && Bits(cpuid(AmdFeatures, 0).Ecx, AmdTopologyBit, 1) == 1)
        {
            levels = Described(cpuid, AmdCaches);
        }

        if (levels.Count == 0 && isAmd && Has(AmdLaterCaches))
        {
            levels = Summed(cpuid(AmdFirstCaches, 0).Ecx, cpuid(AmdLaterCaches, 0));
        }

        return new MachineCaches(levels, Has(Topology) ? ThreadsPerCore(cpuid(Topology, 0)) : null, "CPUID");
    }

    // One cache a subleaf: its type and level, who shares it, and its four dimensions, each one less than it is.
    private static IReadOnlyList<CacheLevel> Described(CpuId cpuid, int leaf)
    {
        const int data = 1, unified = 3;
        var levels = new List<CacheLevel?>();
        for (int i = 0; i < MostCaches; i++)
        {
            var (eax, ebx, ecx, _) = cpuid(leaf, i);
            int type = (int)Bits(eax, 0, 5);
            if (type == 0)
            {
                break;
            }

            long line = Bits(ebx, 0, 12) + 1;
            UInt128 bytes = (UInt128)line * (UInt128)(Bits(ebx, 12, 10) + 1) * (UInt128)(Bits(ebx, 22, 10) + 1) * ((UInt128)(uint)ecx + 1);
            levels.Add(type is data or unified && bytes <= (UInt128)CacheLevel.LargestBytes
                ? CacheLevel.Of(Bits(eax, 5, 3), (long)bytes, line, Bits(eax, 14, 12) + 1)
                : null);
        }

        return MachineCaches.InOrder(levels);
    }

    // L1 in units of 1 KB, L2 of 1 KB, L3 of 512 KB; they do not say who shares them.
    private static IReadOnlyList<CacheLevel> Summed(int first, (int Eax, int Ebx, int Ecx, int Edx) later) => MachineCaches.InOrder(
    [
        CacheLevel.Of(1, Bits(first, 24, 8) << 10, Bits(first, 0, 8), null),
        CacheLevel.Of(2, Bits(later.Ecx, 16, 16) << 10, Bits(later.Ecx, 0, 8), null),
        CacheLevel.Of(3, Bits(later.Edx, 18, 14) << 19, Bits(later.Edx, 0, 8), null),
    ]);

    private static int? ThreadsPerCore((int Eax, int Ebx, int Ecx, int Edx) leaf)
    {
        long threads = Bits(leaf.Ebx, 0, 16);
        return Bits(leaf.Ecx, 8, 8) == ThreadLevel && threads is >= 1 and <= 16 ? (int)threads : null;
    }

    private static long Bits(int word, int first, int count) => ((uint)word >> first) & ((1L << count) - 1);
}
