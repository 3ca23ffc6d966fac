namespace ILGPU.Runtime.Cuda;

/// <content>The numbers of operands that are in use, with and without a result.</content>
public static partial class CudaAsm
{
    public static void Emit<T0>(string asm, T0 arg0)
        where T0 : unmanaged => Run(asm, Of(arg0));

    public static void Emit<T0>(string asm, out T0 arg0)
        where T0 : unmanaged => arg0 = To<T0>(Run(asm, Result<T0>()));

    public static void Emit<T0, T1>(string asm, T0 arg0, T1 arg1)
        where T0 : unmanaged
        where T1 : unmanaged => Run(asm, Of(arg0), Of(arg1));

    public static void Emit<T0, T1>(string asm, out T0 arg0, T1 arg1)
        where T0 : unmanaged
        where T1 : unmanaged => arg0 = To<T0>(Run(asm, Result<T0>(), Of(arg1)));

    public static void Emit<T0, T1, T2>(string asm, T0 arg0, T1 arg1, T2 arg2)
        where T0 : unmanaged
        where T1 : unmanaged
        where T2 : unmanaged => Run(asm, Of(arg0), Of(arg1), Of(arg2));

    public static void Emit<T0, T1, T2>(string asm, out T0 arg0, T1 arg1, T2 arg2)
        where T0 : unmanaged
        where T1 : unmanaged
        where T2 : unmanaged => arg0 = To<T0>(Run(asm, Result<T0>(), Of(arg1), Of(arg2)));

    public static void Emit<T0, T1, T2, T3, T4, T5>(string asm, T0 arg0, T1 arg1, T2 arg2, T3 arg3, T4 arg4, T5 arg5)
        where T0 : unmanaged
        where T1 : unmanaged
        where T2 : unmanaged
        where T3 : unmanaged
        where T4 : unmanaged
        where T5 : unmanaged => Run(asm, Of(arg0), Of(arg1), Of(arg2), Of(arg3), Of(arg4), Of(arg5));
}
