using System.Runtime.InteropServices;
using System.Runtime.Intrinsics.X86;

namespace IlZo.Backends.Cpu.Emitted;

/// <summary>Which of the instructions that .NET has no names for this processor and operating system offer.</summary>
internal static class CpuFeatures
{
    private const int AmxBFloat16Bit = 22;
    private const int AmxTileBit = 24;
    private const int Avx512BFloat16Bit = 5;

    /// <summary>Whether emitted code has been written for this system at all.</summary>
    public static bool IsSupportedSystem => OperatingSystem.IsLinux() && RuntimeInformation.ProcessArchitecture == Architecture.X64;

    /// <summary>VCVTPH2PS on 512 bits.</summary>
    public static bool HasHalfConversion => IsSupportedSystem && Avx512F.IsSupported;

    /// <summary>VDPBF16PS.</summary>
    public static bool HasDotProduct => IsSupportedSystem && Avx512F.IsSupported && Bit(X86Base.CpuId(7, 1).Eax, Avx512BFloat16Bit);

    /// <summary>Tiles and TDPBF16PS; the operating system must allow them too.</summary>
    public static bool HasTiles
    {
        get
        {
            if (!IsSupportedSystem || !Avx512F.IsSupported)
            {
                return false;
            }

            int edx = X86Base.CpuId(7, 0).Edx;
            return Bit(edx, AmxTileBit) && Bit(edx, AmxBFloat16Bit);
        }
    }

    private static bool Bit(int word, int bit) => ((word >> bit) & 1) != 0;
}
