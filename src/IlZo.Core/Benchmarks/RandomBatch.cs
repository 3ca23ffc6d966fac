using IlZo.Backends;
using IlZo.Models;
using IlZo.Noise;

namespace IlZo.Benchmarks;

/// <summary>Random texts of one length whose last position is scored.</summary>
internal static class RandomBatch
{
    public static (TokenBatch Tokens, List<(int Output, int Id)> Targets) Create(LanguageModel model, int batch, int length)
    {
        if (length > model.Shape.LongestText)
        {
            throw new InvalidInputException(
                $"The length of texts is {length}; at most the model's {model.Shape.LongestText} positions were expected.");
        }

        var builder = new TokenBatchBuilder();
        var targets = new List<(int, int)>();
        var key = new NoiseKey(1, NoiseStream.DataOrder, 0, 0);
        for (int b = 0; b < batch; b++)
        {
            int[] ids =
                [.. Enumerable.Range(0, length).Select(i => (int)(key.Word(((long)b * length) + i) % (uint)model.Shape.Vocabulary))];
            builder.Read(builder.AddText(ids), length - 1);
            targets.Add((b, ids[0]));
        }

        return (builder.Build(), targets);
    }

    /// <summary>
    /// Multiplications and additions that one forward needs: the matrices of the layers at every token, attention's two products over the
    /// causal half, the head at one token a text.
    /// </summary>
    public static double NeededFlops(LanguageModel model, int batch, int length)
    {
        var shape = model.Shape;
        double perInput = (2.0 * shape.QueryFeatures) + (2.0 * shape.KeyFeatures) + ((shape.IsGated ? 3.0 : 2.0) * shape.Intermediate);
        double layerWeights = shape.Layers * shape.Hidden * perInput;
        double tokens = (double)batch * length;
        double attention = 4.0 * shape.Layers * shape.QueryFeatures * tokens * (length + 1) / 2;
        return (2 * layerWeights * tokens) + attention + (2.0 * model.Head.Weight.Count * batch);
    }
}
