using IlZo.Backends;
using IlZo.Models;
using IlZo.Perturbations;
using IlZo.Tokenization;

namespace IlZo.Generation;

/// <summary>One step of generation: what a model expects after a text whose beginning lies in a cache.</summary>
internal static class NextToken
{
    /// <summary>
    /// The logits of the token after a text. Ids that the tokenizer has no text for (rows that fill up an embedding) are left out.
    /// </summary>
    /// <param name="model">The model.</param>
    /// <param name="tokenizer">Its tokenizer.</param>
    /// <param name="backend">The device.</param>
    /// <param name="probe">The weights.</param>
    /// <param name="ids">The text.</param>
    /// <param name="known">How many of its first tokens the cache holds; the others go through the model and are added to it.</param>
    /// <param name="cache">Keys and values of the text.</param>
    public static float[] Logits(
        LanguageModel model, ITokenizer tokenizer, IBackend backend, Probe probe, List<int> ids, int known, KeyValueCache cache)
    {
        var builder = new TokenBatchBuilder();
        int segment = builder.AddText([.. ids.Skip(known)], known);
        builder.Read(segment, ids.Count - known - 1);
        var pass = backend.Begin(builder.Build(), [probe], cache);
        float[] logits = new float[model.Head.Rows];
        pass.Logits(model.Forward(pass), model.Head, logits);
        return logits.Length > tokenizer.VocabularySize ? logits[..tokenizer.VocabularySize] : logits;
    }

    /// <summary>Whether a token ends the text.</summary>
    public static bool Ends(LanguageModel model, ITokenizer tokenizer, int id) => model.Shape.EosIds.Contains(id) || id == tokenizer.EosId;
}
