using ILGPU.Runtime;

namespace IlZo.Gpu.Tests;

/// <summary>Products of warpgroups are for devices that have them, if a user asks for them.</summary>
public class WarpgroupsTests
{
    [Fact]
    public void Other_devices_have_none_and_refuse_to_be_asked()
    {
        using var device = new TestDevice();
        Assert.False(device.Backend.HasWarpgroups);
        Assert.False(Warpgroups.Shape("test:0", device.Accelerator.Device, areAsked: false).HasWarpgroups);
        Assert.Equal(
            "ILZO_WGMMA is 1, but test:0 has no compute capability 9.0, to which wgmma belongs.",
            Assert.Throws<InvalidInputException>(() => Warpgroups.Shape("test:0", device.Accelerator.Device, areAsked: true)).Message);
    }
}
