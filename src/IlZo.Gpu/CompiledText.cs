using System.Runtime.CompilerServices;
using ILGPU.Backends.PTX;

namespace IlZo.Gpu;

/// <summary>Changes the text of a compiled kernel to what a driver is given.</summary>
internal static class CompiledText
{
    /// <summary>Gives names their numbers and instructions of warpgroups their target, and makes divisions shifts.</summary>
    public static void Complete(PTXCompiledKernel kernel)
    {
        ref string text = ref TextOf(kernel);
        text = WarpgroupTarget.Of(StableText.Of(ConstantDivisions.Replace(text)));
    }

    [UnsafeAccessor(UnsafeAccessorKind.Field, Name = "<PTXAssembly>k__BackingField")]
    private static extern ref string TextOf(PTXCompiledKernel kernel);
}
