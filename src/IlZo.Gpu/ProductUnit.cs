using IlZo.Backends;
using ILGPU.Runtime;
using ILGPU.Runtime.Cuda;

namespace IlZo.Gpu;

/// <summary>What computes the products of weights and activations on a GPU.</summary>
public enum ProductUnit
{
    /// <summary>The fp32 units: <see cref="Kernels.Linear"/>, the reference, which runs everywhere.</summary>
    Fp32,

    /// <summary>Tensor cores in bf16x3: <see cref="Kernels.TensorCores.TensorLinear"/>, where mma.sync takes bfloat16 and cp.async exists.</summary>
    TensorCores,
}

/// <summary>Chooses what computes products, and names it.</summary>
public static class ProductUnits
{
    // The first compute capability with all instructions of the tensor-core kernel.
    private const int FirstMajor = 8;

    internal static ProductUnit Of(Device device) => Of((device as CudaDevice)?.Architecture);

    internal static ProductUnit Of(CudaArchitecture? architecture) => architecture?.Major >= FirstMajor ? ProductUnit.TensorCores : ProductUnit.Fp32;

    /// <summary>How exactly products are computed: one of <see cref="PrecisionName"/>.</summary>
    public static string Precision(this ProductUnit unit) => unit == ProductUnit.TensorCores ? PrecisionName.SplitBFloat16 : PrecisionName.Fp32;

    /// <summary>What computes in a precision, on a device that would choose this unit by itself.</summary>
    /// <param name="best">The device's own choice.</param>
    /// <param name="precision">auto, fp32 or bf16x3.</param>
    /// <param name="device">What the device is called.</param>
    /// <exception cref="InvalidInputException">It does not compute in this precision.</exception>
    internal static ProductUnit In(this ProductUnit best, string precision, string device) => precision switch
    {
        EngineRequest.Auto => best,
        PrecisionName.Fp32 => ProductUnit.Fp32,
        PrecisionName.SplitBFloat16 when best == ProductUnit.TensorCores => best,
        _ => throw new InvalidInputException(
            $"--precision is '{precision}' on {device}; {(best == ProductUnit.TensorCores ? "auto, fp32 or bf16x3" : "auto or fp32")} was expected."),
    };

    /// <summary>How and where products are computed, in a few words.</summary>
    public static string Description(this ProductUnit unit) => unit == ProductUnit.TensorCores ? "in bf16x3 on tensor cores" : "in fp32";
}
