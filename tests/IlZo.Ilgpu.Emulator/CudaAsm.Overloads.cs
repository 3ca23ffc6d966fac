namespace ILGPU.Runtime.Cuda;

/// <content>One to ten operands, with and without a result.</content>
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

    public static void Emit<T0, T1, T2, T3>(string asm, T0 arg0, T1 arg1, T2 arg2, T3 arg3)
        where T0 : unmanaged
        where T1 : unmanaged
        where T2 : unmanaged
        where T3 : unmanaged => Run(asm, Of(arg0), Of(arg1), Of(arg2), Of(arg3));

    public static void Emit<T0, T1, T2, T3>(string asm, out T0 arg0, T1 arg1, T2 arg2, T3 arg3)
        where T0 : unmanaged
        where T1 : unmanaged
        where T2 : unmanaged
        where T3 : unmanaged => arg0 = To<T0>(Run(asm, Result<T0>(), Of(arg1), Of(arg2), Of(arg3)));

    public static void Emit<T0, T1, T2, T3, T4>(string asm, T0 arg0, T1 arg1, T2 arg2, T3 arg3, T4 arg4)
        where T0 : unmanaged
        where T1 : unmanaged
        where T2 : unmanaged
        where T3 : unmanaged
        where T4 : unmanaged => Run(asm, Of(arg0), Of(arg1), Of(arg2), Of(arg3), Of(arg4));

    public static void Emit<T0, T1, T2, T3, T4>(string asm, out T0 arg0, T1 arg1, T2 arg2, T3 arg3, T4 arg4)
        where T0 : unmanaged
        where T1 : unmanaged
        where T2 : unmanaged
        where T3 : unmanaged
        where T4 : unmanaged => arg0 = To<T0>(Run(asm, Result<T0>(), Of(arg1), Of(arg2), Of(arg3), Of(arg4)));

    public static void Emit<T0, T1, T2, T3, T4, T5>(string asm, T0 arg0, T1 arg1, T2 arg2, T3 arg3, T4 arg4, T5 arg5)
        where T0 : unmanaged
        where T1 : unmanaged
        where T2 : unmanaged
        where T3 : unmanaged
        where T4 : unmanaged
        where T5 : unmanaged => Run(asm, Of(arg0), Of(arg1), Of(arg2), Of(arg3), Of(arg4), Of(arg5));

    public static void Emit<T0, T1, T2, T3, T4, T5>(string asm, out T0 arg0, T1 arg1, T2 arg2, T3 arg3, T4 arg4, T5 arg5)
        where T0 : unmanaged
        where T1 : unmanaged
        where T2 : unmanaged
        where T3 : unmanaged
        where T4 : unmanaged
        where T5 : unmanaged => arg0 = To<T0>(Run(asm, Result<T0>(), Of(arg1), Of(arg2), Of(arg3), Of(arg4), Of(arg5)));

    public static void Emit<T0, T1, T2, T3, T4, T5, T6>(string asm, T0 arg0, T1 arg1, T2 arg2, T3 arg3, T4 arg4, T5 arg5, T6 arg6)
        where T0 : unmanaged
        where T1 : unmanaged
        where T2 : unmanaged
        where T3 : unmanaged
        where T4 : unmanaged
        where T5 : unmanaged
        where T6 : unmanaged => Run(asm, Of(arg0), Of(arg1), Of(arg2), Of(arg3), Of(arg4), Of(arg5), Of(arg6));

    public static void Emit<T0, T1, T2, T3, T4, T5, T6>(string asm, out T0 arg0, T1 arg1, T2 arg2, T3 arg3, T4 arg4, T5 arg5, T6 arg6)
        where T0 : unmanaged
        where T1 : unmanaged
        where T2 : unmanaged
        where T3 : unmanaged
        where T4 : unmanaged
        where T5 : unmanaged
        where T6 : unmanaged => arg0 = To<T0>(Run(asm, Result<T0>(), Of(arg1), Of(arg2), Of(arg3), Of(arg4), Of(arg5), Of(arg6)));

    public static void Emit<T0, T1, T2, T3, T4, T5, T6, T7>(string asm, T0 arg0, T1 arg1, T2 arg2, T3 arg3, T4 arg4, T5 arg5, T6 arg6, T7 arg7)
        where T0 : unmanaged
        where T1 : unmanaged
        where T2 : unmanaged
        where T3 : unmanaged
        where T4 : unmanaged
        where T5 : unmanaged
        where T6 : unmanaged
        where T7 : unmanaged => Run(asm, Of(arg0), Of(arg1), Of(arg2), Of(arg3), Of(arg4), Of(arg5), Of(arg6), Of(arg7));

    public static void Emit<T0, T1, T2, T3, T4, T5, T6, T7>(string asm, out T0 arg0, T1 arg1, T2 arg2, T3 arg3, T4 arg4, T5 arg5, T6 arg6, T7 arg7)
        where T0 : unmanaged
        where T1 : unmanaged
        where T2 : unmanaged
        where T3 : unmanaged
        where T4 : unmanaged
        where T5 : unmanaged
        where T6 : unmanaged
        where T7 : unmanaged => arg0 = To<T0>(Run(asm, Result<T0>(), Of(arg1), Of(arg2), Of(arg3), Of(arg4), Of(arg5), Of(arg6), Of(arg7)));

    public static void Emit<T0, T1, T2, T3, T4, T5, T6, T7, T8>(string asm, T0 arg0, T1 arg1, T2 arg2, T3 arg3, T4 arg4, T5 arg5, T6 arg6, T7 arg7, T8 arg8)
        where T0 : unmanaged
        where T1 : unmanaged
        where T2 : unmanaged
        where T3 : unmanaged
        where T4 : unmanaged
        where T5 : unmanaged
        where T6 : unmanaged
        where T7 : unmanaged
        where T8 : unmanaged => Run(asm, Of(arg0), Of(arg1), Of(arg2), Of(arg3), Of(arg4), Of(arg5), Of(arg6), Of(arg7), Of(arg8));

    public static void Emit<T0, T1, T2, T3, T4, T5, T6, T7, T8>(string asm, out T0 arg0, T1 arg1, T2 arg2, T3 arg3, T4 arg4, T5 arg5, T6 arg6, T7 arg7, T8 arg8)
        where T0 : unmanaged
        where T1 : unmanaged
        where T2 : unmanaged
        where T3 : unmanaged
        where T4 : unmanaged
        where T5 : unmanaged
        where T6 : unmanaged
        where T7 : unmanaged
        where T8 : unmanaged => arg0 = To<T0>(Run(asm, Result<T0>(), Of(arg1), Of(arg2), Of(arg3), Of(arg4), Of(arg5), Of(arg6), Of(arg7), Of(arg8)));

    public static void Emit<T0, T1, T2, T3, T4, T5, T6, T7, T8, T9>(string asm, T0 arg0, T1 arg1, T2 arg2, T3 arg3, T4 arg4, T5 arg5, T6 arg6, T7 arg7, T8 arg8, T9 arg9)
        where T0 : unmanaged
        where T1 : unmanaged
        where T2 : unmanaged
        where T3 : unmanaged
        where T4 : unmanaged
        where T5 : unmanaged
        where T6 : unmanaged
        where T7 : unmanaged
        where T8 : unmanaged
        where T9 : unmanaged => Run(asm, Of(arg0), Of(arg1), Of(arg2), Of(arg3), Of(arg4), Of(arg5), Of(arg6), Of(arg7), Of(arg8), Of(arg9));

    public static void Emit<T0, T1, T2, T3, T4, T5, T6, T7, T8, T9>(string asm, out T0 arg0, T1 arg1, T2 arg2, T3 arg3, T4 arg4, T5 arg5, T6 arg6, T7 arg7, T8 arg8, T9 arg9)
        where T0 : unmanaged
        where T1 : unmanaged
        where T2 : unmanaged
        where T3 : unmanaged
        where T4 : unmanaged
        where T5 : unmanaged
        where T6 : unmanaged
        where T7 : unmanaged
        where T8 : unmanaged
        where T9 : unmanaged => arg0 = To<T0>(Run(asm, Result<T0>(), Of(arg1), Of(arg2), Of(arg3), Of(arg4), Of(arg5), Of(arg6), Of(arg7), Of(arg8), Of(arg9)));
}
