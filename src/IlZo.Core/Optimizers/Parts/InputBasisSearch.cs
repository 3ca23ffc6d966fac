using IlZo.Backends;
using IlZo.Noise;
using IlZo.Tensors;

namespace IlZo.Optimizers;

/// <summary>
/// Looks for the dominant right singular subspaces of the inputs H of layers, while a pass has them: V ← orth(HᵀHV), K times, from standard
/// normal vectors. With singular values σ, what V has beside the first r right singular vectors shrinks by (σ_{r+1}/σ_r)² in each of them;
/// one is enough where H has the rank r or less. Layers with the same inputs have the same basis.
/// <para>
/// A matrix has a basis where the pass multiplies it with one input alone: then its gradient is dYᵀH. One that is a table too, as a tied
/// output embedding is, or that is multiplied with several inputs, has none, and nor has one that a pass does not reach.
/// </para>
/// </summary>
/// <param name="settings">The seed and the tensors.</param>
/// <param name="rank">r; no more than there are inputs.</param>
/// <param name="iterations">K.</param>
/// <param name="step">The step, by which the first vectors differ.</param>
internal sealed class InputBasisSearch(OptimizerSettings settings, int rank, int iterations, long step) : IInputObserver
{
    private readonly Dictionary<LayerInputs, float[]> _bases = [];
    private readonly LayerInputs?[] _inputs = new LayerInputs?[settings.Parameters.Trained.Count];
    private readonly WeightLayout[] _layouts = new WeightLayout[settings.Parameters.Trained.Count];
    private readonly bool[] _hasNone = new bool[settings.Parameters.Trained.Count];

    public void Multiplied(Parameter weight, WeightLayout layout, LayerInputs inputs)
    {
        int index = weight.Index;
        _hasNone[index] |= !LazyFactors.IsMatrix(weight) || (_inputs[index] is { } other && other != inputs);
        if (_hasNone[index])
        {
            return;
        }

        _inputs[index] = inputs;
        _layouts[index] = layout;
        if (!_bases.ContainsKey(inputs))
        {
            _bases[inputs] = Find(weight, inputs);
        }
    }

    public void LookedUp(Parameter table) => _hasNone[table.Index] = true;

    /// <summary>What was found, as a record has it (<see cref="InputBases"/>).</summary>
    public double[] Pack()
    {
        var places = new Dictionary<LayerInputs, int>();
        var layers = new (WeightLayout, int)?[_inputs.Length];
        for (int i = 0; i < layers.Length; i++)
        {
            if (!_hasNone[i] && _inputs[i] is { } inputs)
            {
                places.TryAdd(inputs, places.Count);
                layers[i] = (_layouts[i], places[inputs]);
            }
        }

        return InputBases.Pack(layers, [.. places.OrderBy(p => p.Value).Select(p => (_bases[p.Key], p.Key.Features))]);
    }

    private float[] Find(Parameter weight, LayerInputs inputs)
    {
        int length = inputs.Features;
        var key = new NoiseKey(settings.Seed, NoiseStream.LazyFactor, (uint)step, 0);
        float[] vectors = LazyFactors.Vectors(key, weight, Math.Min(rank, length), length);
        float[] products = new float[vectors.Length];
        for (int k = 0; k < iterations; k++)
        {
            inputs.MultiplySquare(vectors, products);
            (vectors, products) = (products, vectors);
            GramSchmidt.Orthonormalize(vectors, length);
        }

        return vectors;
    }
}
