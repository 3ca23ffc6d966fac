using System.Runtime.InteropServices;

namespace IlZo.Backends.Cpu.Emitted;

/// <summary>The one argument of kernels that compute Y[rows][32] += W · X; operands are in a <see cref="BFloat16Layout"/>.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct PanelArguments
{
    public const int WeightsOffset = 0;
    public const int ActivationsOffset = 8;
    public const int ResultOffset = 16;
    public const int ColumnsOffset = 24;
    public const int GroupsOffset = 32;
    public const int TileShapesOffset = 40;

    /// <summary>The first packed row.</summary>
    public byte* Weights;

    /// <summary>The first pair of features of the slice.</summary>
    public byte* Activations;

    /// <summary>The first row of the result, fp32, 32 numbers a row.</summary>
    public float* Result;

    /// <summary>Columns of the slice, a multiple of <see cref="BFloat16Layout.ColumnGroup"/>.</summary>
    public long Columns;

    /// <summary>Groups of rows, as many as the kernel's group has.</summary>
    public long Groups;

    /// <summary>What <c>LDTILECFG</c> loads; only kernels on tiles read it.</summary>
    public byte* TileShapes;
}
