using System.Text.Json;

namespace TorchPeer;

/// <summary>The sizes of an OPT decoder (pre-norm, ReLU, learned positions, tied head).</summary>
/// <param name="Vocabulary">Tokens.</param>
/// <param name="Hidden">Features of a token.</param>
/// <param name="Inner">Features between the two matrices of a feed-forward block.</param>
/// <param name="Layers">Layers.</param>
/// <param name="Heads">Attention heads of a layer.</param>
/// <param name="Positions">The longest text.</param>
internal sealed record OptShape(int Vocabulary, int Hidden, int Inner, int Layers, int Heads, int Positions)
{
    /// <summary>The table of positions begins with two rows that no token of an unpadded text reads.</summary>
    public const int PositionOffset = 2;

    /// <summary>OPT-125M.</summary>
    public static OptShape Opt125M { get; } = new(50272, 768, 3072, 12, 12, 2048);

    /// <summary>Reads the fields of a checkpoint's config.json.</summary>
    /// <param name="path">The file.</param>
    public static OptShape Read(string path)
    {
        using var config = JsonDocument.Parse(File.ReadAllBytes(path));
        int Field(string name) => config.RootElement.GetProperty(name).GetInt32();
        return new OptShape(
            Field("vocab_size"), Field("hidden_size"), Field("ffn_dim"), Field("num_hidden_layers"), Field("num_attention_heads"),
            Field("max_position_embeddings"));
    }

    /// <summary>The tensors under the names that published checkpoints give them.</summary>
    public IEnumerable<(string Name, long[] Shape)> Tensors()
    {
        yield return ("embed_tokens.weight", [Vocabulary, Hidden]);
        yield return ("embed_positions.weight", [Positions + PositionOffset, Hidden]);
        yield return ("final_layer_norm.weight", [Hidden]);
        yield return ("final_layer_norm.bias", [Hidden]);
        for (int i = 0; i < Layers; i++)
        {
            foreach (string name in (string[])["self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj", "self_attn.out_proj"])
            {
                yield return ($"layers.{i}.{name}.weight", [Hidden, Hidden]);
                yield return ($"layers.{i}.{name}.bias", [Hidden]);
            }

            yield return ($"layers.{i}.fc1.weight", [Inner, Hidden]);
            yield return ($"layers.{i}.fc1.bias", [Inner]);
            yield return ($"layers.{i}.fc2.weight", [Hidden, Inner]);
            yield return ($"layers.{i}.fc2.bias", [Hidden]);
            foreach (string name in (string[])["self_attn_layer_norm", "final_layer_norm"])
            {
                yield return ($"layers.{i}.{name}.weight", [Hidden]);
                yield return ($"layers.{i}.{name}.bias", [Hidden]);
            }
        }
    }
}
