using IlZo.Backends;
using IlZo.Kernels;
using IlZo.Tensors;

namespace IlZo.Gpu;

/// <summary>Something to do with a kernel once the format of weights is known.</summary>
internal interface IFormatVisitor
{
    void Visit<TFormat>()
        where TFormat : struct, IWeightFormat;
}

/// <summary>Something to do with a kernel once the format of weights that training changes is known.</summary>
internal interface IElementFormatVisitor
{
    void Visit<TFormat>()
        where TFormat : struct, IElementFormat;
}

/// <summary>Something to do with a kernel that reads perturbed weights once its types are known.</summary>
internal interface IWeightsVisitor
{
    void Visit<TFormat, TDirection, TProbes>(PerturbedWeights<TDirection> weights)
        where TFormat : struct, IWeightFormat
        where TDirection : struct, IDirection
        where TProbes : struct, IProbes;
}

/// <summary>Something to do with a kernel once its nonlinearity is known.</summary>
internal interface IActivationVisitor
{
    void Visit<TActivation>()
        where TActivation : struct, IActivation;
}

/// <summary>Chooses the types that a kernel is compiled for. Each combination is compiled when it is first used.</summary>
internal static class Specialization
{
    public static void Choose<TVisitor>(DType type, TVisitor visitor)
        where TVisitor : struct, IFormatVisitor
    {
        switch (type)
        {
            case DType.Q8_0:
                visitor.Visit<BlockedFormat<Q8ZeroBlock>>();
                break;
            case DType.Q4_0:
                visitor.Visit<BlockedFormat<Q4ZeroBlock>>();
                break;
            case DType.Q4_K:
                visitor.Visit<BlockedFormat<Q4KBlock>>();
                break;
            case DType.Q6_K:
                visitor.Visit<BlockedFormat<Q6KBlock>>();
                break;
            case DType.NF4:
                visitor.Visit<BlockedFormat<NormalFloatBlock>>();
                break;
            case DType.Q4_Z:
                visitor.Visit<BlockedFormat<ZeroPointBlock>>();
                break;
            default:
                ChooseElements(type, new OfElements<TVisitor>(visitor));
                break;
        }
    }

    public static void ChooseElements<TVisitor>(DType type, TVisitor visitor)
        where TVisitor : struct, IElementFormatVisitor
    {
        switch (type)
        {
            case DType.F32:
                visitor.Visit<F32Format>();
                break;
            case DType.F16:
                visitor.Visit<F16Format>();
                break;
            case DType.BF16:
                visitor.Visit<BF16Format>();
                break;
            default:
                throw new ArgumentOutOfRangeException(nameof(type), type, "Elements with an address each were expected.");
        }
    }

    /// <summary>For weights that move, which lie in no blocks: of those there would be a kernel for each direction.</summary>
    public static void Choose<TDirection, TVisitor>(DType type, bool areTwo, PerturbedWeights<TDirection> weights, TVisitor visitor)
        where TDirection : struct, IDirection
        where TVisitor : struct, IWeightsVisitor =>
        ChooseElements(
            type, new OfElements<ProbesChoice<TDirection, TVisitor>>(new ProbesChoice<TDirection, TVisitor>(areTwo, weights, visitor)));

    /// <summary>For weights that stay where they are.</summary>
    public static void ChooseStill<TVisitor>(DType type, bool areTwo, PerturbedWeights<NoDirection> weights, TVisitor visitor)
        where TVisitor : struct, IWeightsVisitor =>
        Choose(type, new ProbesChoice<NoDirection, TVisitor>(areTwo, weights, visitor));

    public static void Choose<TVisitor>(ActivationFunction? activation, TVisitor visitor)
        where TVisitor : struct, IActivationVisitor
    {
        switch (activation)
        {
            case null:
                visitor.Visit<Identity>();
                break;
            case ActivationFunction.Relu:
                visitor.Visit<Relu>();
                break;
            case ActivationFunction.Gelu:
                visitor.Visit<Gelu>();
                break;
            case ActivationFunction.GeluTanh:
                visitor.Visit<GeluTanh>();
                break;
            case ActivationFunction.Silu:
                visitor.Visit<Silu>();
                break;
            case ActivationFunction.Tanh:
                visitor.Visit<Tanh>();
                break;
            default:
                visitor.Visit<QuickGelu>();
                break;
        }
    }

    // What can be done in any format can be done in one of elements.
    private readonly struct OfElements<TVisitor>(TVisitor visitor) : IElementFormatVisitor
        where TVisitor : struct, IFormatVisitor
    {
        public void Visit<TFormat>()
            where TFormat : struct, IElementFormat => visitor.Visit<TFormat>();
    }

    private readonly struct ProbesChoice<TDirection, TVisitor>(bool areTwo, PerturbedWeights<TDirection> weights, TVisitor visitor)
        : IFormatVisitor
        where TDirection : struct, IDirection
        where TVisitor : struct, IWeightsVisitor
    {
        public void Visit<TFormat>()
            where TFormat : struct, IWeightFormat
        {
            if (areTwo)
            {
                visitor.Visit<TFormat, TDirection, TwoProbes>(weights);
            }
            else
            {
                visitor.Visit<TFormat, TDirection, OneProbe>(weights);
            }
        }
    }
}
