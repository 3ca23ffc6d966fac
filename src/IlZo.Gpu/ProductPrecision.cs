using IlZo.Backends;
using ILGPU.Runtime;
using ILGPU.Runtime.Cuda;

namespace IlZo.Gpu;

/// <summary>What the products of weights and activations are computed in on a GPU. Sums are in fp32 in all of them.</summary>
public enum ProductPrecision
{
    /// <summary>fp32, by the fp32 units: <see cref="Kernels.Linear"/>, the reference, which runs everywhere.</summary>
    Fp32,

    /// <summary>Numbers as sums of two in bfloat16, by tensor cores: <see cref="Kernels.TensorCores.TensorLinear"/>.</summary>
    SplitBFloat16,

    /// <summary>Numbers rounded to fp16, by tensor cores. What is beyond 65504 becomes infinite.</summary>
    Half,

    /// <summary>Numbers rounded to bfloat16, by tensor cores.</summary>
    BFloat16,
}

/// <summary>Chooses what products are computed in, and names it.</summary>
public static class ProductPrecisions
{
    // The first compute capability with all instructions of the tensor-core kernels.
    private const int FirstMajor = 8;

    private static readonly (ProductPrecision Precision, string Name)[] s_names =
    [
        (ProductPrecision.Fp32, PrecisionName.Fp32), (ProductPrecision.SplitBFloat16, PrecisionName.SplitBFloat16),
        (ProductPrecision.Half, PrecisionName.Float16), (ProductPrecision.BFloat16, PrecisionName.BFloat16),
    ];

    /// <summary>One of <see cref="PrecisionName"/>.</summary>
    public static string Name(this ProductPrecision precision) => s_names.First(n => n.Precision == precision).Name;

    /// <summary>How and where products are computed, in a few words.</summary>
    public static string Description(this ProductPrecision precision) =>
        $"in {precision.Name()}{(precision == ProductPrecision.Fp32 ? string.Empty : " on tensor cores")}";

    /// <summary>Those that a device has, the one that suits it first.</summary>
    internal static IReadOnlyList<ProductPrecision> Of(CudaArchitecture? architecture) => architecture?.Major >= FirstMajor
        ? [ProductPrecision.SplitBFloat16, ProductPrecision.Fp32, ProductPrecision.Half, ProductPrecision.BFloat16]
        : [ProductPrecision.Fp32];

    internal static IReadOnlyList<ProductPrecision> Of(Device device) => Of((device as CudaDevice)?.Architecture);

    /// <summary>Chooses one.</summary>
    /// <param name="name">auto (bf16x3 where it can be, else fp32), fp32, bf16x3, fp16 or bf16.</param>
    /// <param name="device">What the user calls the device.</param>
    /// <param name="architecture">Its compute capability; null for the simulation.</param>
    /// <exception cref="InvalidInputException">The name is unknown, or the device has no such instructions.</exception>
    internal static ProductPrecision Find(string name, string device, CudaArchitecture? architecture)
    {
        var possible = Of(architecture);
        if (name == EngineRequest.Auto)
        {
            return possible[0];
        }

        foreach (var precision in possible)
        {
            if (precision.Name() == name)
            {
                return precision;
            }
        }

        string[] names = [EngineRequest.Auto, .. s_names.Where(n => possible.Contains(n.Precision)).Select(n => n.Name)];
        string where = architecture is { } a ? $"{device} (compute capability {a.Major}.{a.Minor})" : "the simulation";
        throw new InvalidInputException(
            $"{Setting.Precision} is '{name}' on {where}; {string.Join(", ", names[..^1])} or {names[^1]} was expected.");
    }
}
