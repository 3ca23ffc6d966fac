using IlZo.Kernels;
using IlZo.Tensors;

namespace IlZo.Gpu;

/// <summary>Something to do with a kernel once its types are known.</summary>
internal interface IKernelVisitor
{
    void Visit<TFormat, TDirection, TProbes>()
        where TFormat : struct, IWeightFormat
        where TDirection : struct, IDirection
        where TProbes : struct, IProbes;
}

/// <summary>Chooses the types that a kernel is compiled for. Each combination is compiled when it is first used.</summary>
internal static class Specialization
{
    public static void Choose<TVisitor>(DType type, DirectionKind direction, bool areTwo, TVisitor visitor)
        where TVisitor : struct, IKernelVisitor
    {
        switch (type)
        {
            case DType.F32:
                Choose<TVisitor, F32Format>(direction, areTwo, visitor);
                break;
            case DType.F16:
                Choose<TVisitor, F16Format>(direction, areTwo, visitor);
                break;
            default:
                Choose<TVisitor, BF16Format>(direction, areTwo, visitor);
                break;
        }
    }

    private static void Choose<TVisitor, TFormat>(DirectionKind direction, bool areTwo, TVisitor visitor)
        where TVisitor : struct, IKernelVisitor
        where TFormat : struct, IWeightFormat
    {
        switch (direction)
        {
            case DirectionKind.None:
                Choose<TVisitor, TFormat, NoDirection>(areTwo, visitor);
                break;
            case DirectionKind.Normal:
                Choose<TVisitor, TFormat, NormalDirection>(areTwo, visitor);
                break;
            default:
                Choose<TVisitor, TFormat, SignDirection>(areTwo, visitor);
                break;
        }
    }

    private static void Choose<TVisitor, TFormat, TDirection>(bool areTwo, TVisitor visitor)
        where TVisitor : struct, IKernelVisitor
        where TFormat : struct, IWeightFormat
        where TDirection : struct, IDirection
    {
        if (areTwo)
        {
            visitor.Visit<TFormat, TDirection, TwoProbes>();
        }
        else
        {
            visitor.Visit<TFormat, TDirection, OneProbe>();
        }
    }
}
