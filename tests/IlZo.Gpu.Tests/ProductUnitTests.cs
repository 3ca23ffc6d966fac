using IlZo.Backends;
using ILGPU.Runtime.Cuda;

namespace IlZo.Gpu.Tests;

public class ProductUnitTests
{
    [Theory]
    [InlineData(7, 5, ProductUnit.Fp32)]
    [InlineData(8, 0, ProductUnit.TensorCores)]
    [InlineData(8, 9, ProductUnit.TensorCores)]
    [InlineData(12, 0, ProductUnit.TensorCores)]
    public void Tensor_cores_are_used_where_they_take_bfloat16(int major, int minor, ProductUnit expected) =>
        Assert.Equal(expected, ProductUnits.Of(new CudaArchitecture(major, minor)));

    [Fact]
    public void Other_devices_compute_in_fp32()
    {
        using var device = new TestDevice();
        Assert.Equal(ProductUnit.Fp32, ProductUnits.Of(device.Accelerator.Device));
        Assert.Equal(ProductUnit.Fp32, ProductUnits.Of((CudaArchitecture?)null));
    }

    [Theory]
    [InlineData(ProductUnit.TensorCores, "auto", ProductUnit.TensorCores)]
    [InlineData(ProductUnit.TensorCores, "bf16x3", ProductUnit.TensorCores)]
    [InlineData(ProductUnit.TensorCores, "fp32", ProductUnit.Fp32)]
    [InlineData(ProductUnit.Fp32, "auto", ProductUnit.Fp32)]
    [InlineData(ProductUnit.Fp32, "fp32", ProductUnit.Fp32)]
    public void A_precision_chooses_among_the_units_of_a_device(ProductUnit best, string precision, ProductUnit expected) =>
        Assert.Equal(expected, best.In(precision, "cuda:0"));

    [Theory]
    [InlineData(ProductUnit.TensorCores, "fp8", "--precision is 'fp8' on cuda:0; auto, fp32 or bf16x3 was expected.")]
    [InlineData(ProductUnit.Fp32, "bf16x3", "--precision is 'bf16x3' on cuda:0; auto or fp32 was expected.")]
    public void A_precision_that_a_device_does_not_have_is_refused(ProductUnit best, string precision, string message) =>
        Assert.Equal(message, Assert.Throws<InvalidInputException>(() => best.In(precision, "cuda:0")).Message);

    [Theory]
    [InlineData(ProductUnit.Fp32, "fp32")]
    [InlineData(ProductUnit.TensorCores, "bf16x3")]
    public void A_backend_says_what_computes_its_products(ProductUnit products, string precision)
    {
        using var device = new TestDevice(products: products);
        Assert.Equal(new Engine("cuda", precision), device.Backend.Engine);
        Assert.Equal(DeviceKind.Cuda, device.Backend.Engine.Kind);
    }
}
