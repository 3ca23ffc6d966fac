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
}
