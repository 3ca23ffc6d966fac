using IlZo.Tensors;

namespace IlZo.Backends;

/// <summary>Sees what the trained tensors of a model are applied to, in a pass at the weights as they are.</summary>
internal interface IInputObserver
{
    /// <summary>A trained matrix is about to be multiplied with inputs.</summary>
    /// <param name="weight">The matrix.</param>
    /// <param name="layout">Where its inputs are: along its columns, or along its rows.</param>
    /// <param name="inputs">The inputs, which are the same object wherever they are the same numbers; of use until this returns.</param>
    void Multiplied(Parameter weight, WeightLayout layout, LayerInputs inputs);

    /// <summary>Rows of a trained tensor are about to be read as they are.</summary>
    /// <param name="table">The tensor.</param>
    void LookedUp(Parameter table);
}

/// <summary>The inputs H of linear layers: a row for each token of a pass, or for each of its outputs.</summary>
internal abstract class LayerInputs
{
    /// <summary>Columns of H.</summary>
    public abstract int Features { get; }

    /// <summary>HᵀHv for each of some vectors.</summary>
    /// <param name="vectors">The vectors one after another.</param>
    /// <param name="products">Receives what becomes of each.</param>
    public abstract void MultiplySquare(ReadOnlySpan<float> vectors, Span<float> products);
}
