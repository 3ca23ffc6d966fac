using IlZo.Gpu.Tests.Ptx;
using IlZo.Kernels;
using IlZo.Optimizers;
using IlZo.Perturbations;
using IlZo.Updates;
using ILGPU.Backends.EntryPoints;

namespace IlZo.Gpu.Tests;

/// <summary>What a user reads of a kernel, and what a profiler shows.</summary>
public class KernelNameTests
{
    [Fact]
    public void A_kernel_is_called_as_in_csharp()
    {
        Assert.Equal("Attention.Run", KernelName.Of(((Delegate)Attention.Run).Method));
        Assert.Equal("Update.Run<F16Format, NormalDirection, LawRule<StepLaw<float, DeviceMath>, NoNumbers, NoNumbers>>", KernelName.Of(
            ((Delegate)Update.Run<F16Format, NormalDirection, LawRule<StepLaw<float, DeviceMath>, NoNumbers, NoNumbers>>).Method));
        Assert.Equal(
            "ReadRows.Run<F16Format, Move<LawRule<RescalingLaw<float, DeviceMath>, StoredNumbers<F16Format>, NoNumbers>, "
                + "Sum<NormalDirection>>, OneProbe>",
            KernelName.Of(((Delegate)ReadRows.Run<
                F16Format, Move<LawRule<RescalingLaw<float, DeviceMath>, StoredNumbers<F16Format>, NoNumbers>, Sum<NormalDirection>>,
                OneProbe>).Method));
    }

    [Fact]
    public void The_entry_of_every_kernel_has_a_name_of_its_own()
    {
        var kernels = KernelList.All.Select(
            k => k.Kernel.Method).Select(m => m.IsGenericMethod ? m.GetGenericMethodDefinition() : m).Distinct().ToList();
        var names = kernels.Select(KernelNameAttribute.GetKernelName).ToList();
        Assert.Equal(names.Distinct(), names);
        Assert.All(
            kernels,
            k => Assert.StartsWith($"Kernel_{k.DeclaringType!.Name}", KernelNameAttribute.GetKernelName(k), StringComparison.Ordinal));
        Assert.Contains(".visible .entry Kernel_Attention(", PtxText.Of((Delegate)Attention.Run).Text, StringComparison.Ordinal);
    }
}
