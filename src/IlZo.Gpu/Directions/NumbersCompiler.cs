using IlZo.Kernels;
using IlZo.Perturbations;
using IlZo.Tensors;

namespace IlZo.Gpu;

/// <summary>Something to do with the numbers of a law once their type in kernels is known.</summary>
internal interface INumbersVisitor
{
    void Visit<TNumbers>(TNumbers numbers)
        where TNumbers : struct, INumbers;
}

/// <summary>Turns what laws read beside the weights into what kernels take.</summary>
/// <param name="arrays">Sends what lies on the host.</param>
/// <param name="state">What optimizers keep on the device.</param>
internal sealed class NumbersCompiler(SentArrays arrays, DeviceState state)
{
    /// <summary>Finds the type of the numbers of a tensor.</summary>
    public void Compile<TVisitor>(ElementNumbers numbers, Parameter parameter, TVisitor visitor)
        where TVisitor : struct, INumbersVisitor
    {
        switch (numbers.Source)
        {
            case null:
                visitor.Visit(default(NoNumbers));
                break;
            case ParameterState kept:
                visitor.Visit(new StateNumbers(state.State(kept, parameter)));
                break;
            case float[] columns:
                visitor.Visit(new ColumnNumbers(arrays.Send(columns, parameter)));
                break;
            default:
                Specialization.ChooseElements(
                    parameter.Type, new StoredChoice<TVisitor>(state.Stored((IStoredNumbers)numbers.Source, parameter), visitor));
                break;
        }
    }

    private readonly struct StoredChoice<TVisitor>(WeightView stored, TVisitor visitor) : IElementFormatVisitor
        where TVisitor : struct, INumbersVisitor
    {
        public void Visit<TFormat>()
            where TFormat : struct, IElementFormat => visitor.Visit(new StoredNumbers<TFormat>(stored));
    }
}
