using TorchSharp;
using static TorchSharp.torch;
using static TorchSharp.torch.nn.functional;

namespace TorchPeer;

/// <summary>The forward pass of an OPT decoder by PyTorch's own operators, attention included.</summary>
/// <param name="shape">The sizes.</param>
/// <param name="weights">The weights in fp32, which may change between passes.</param>
internal sealed class OptDecoder(OptShape shape, IReadOnlyDictionary<string, Tensor> weights)
{
    /// <summary>Features of all positions after the last norm, [texts, tokens, hidden].</summary>
    /// <param name="ids">Token ids, [texts, tokens]; no padding.</param>
    public Tensor Features(Tensor ids)
    {
        using var scope = NewDisposeScope();
        var (texts, tokens) = (ids.shape[0], ids.shape[1]);
        var positions = arange(OptShape.PositionOffset, tokens + OptShape.PositionOffset);
        var x = Rows("embed_tokens", ids.reshape(-1)).view(texts, tokens, -1) + Rows("embed_positions", positions);
        for (int i = 0; i < shape.Layers; i++)
        {
            string name = $"layers.{i}.";
            x.add_(Attention(x, name));
            x.add_(FeedForward(x, name));
        }

        return Norm(x, "final_layer_norm").MoveToOuterDisposeScope();
    }

    /// <summary>Log-probabilities of tokens at given features, [..., vocabulary].</summary>
    /// <param name="features">Features, [..., hidden].</param>
    public Tensor LogProbabilities(Tensor features)
    {
        using var logits = linear(features, weights["embed_tokens.weight"]);
        return log_softmax(logits, -1);
    }

    // What a block leaves behind is freed before the next one begins.
    private Tensor Attention(Tensor x, string layer)
    {
        using var scope = NewDisposeScope();
        string name = layer + "self_attn.";
        var normed = Norm(x, layer + "self_attn_layer_norm");
        Tensor Split(string part) => Linear(normed, name + part).view(x.shape[0], x.shape[1], shape.Heads, -1).transpose(1, 2);
        var mixed = scaled_dot_product_attention(Split("q_proj"), Split("k_proj"), Split("v_proj"), is_casual: true);
        return Linear(mixed.transpose(1, 2).reshape(x.shape), name + "out_proj").MoveToOuterDisposeScope();
    }

    private Tensor FeedForward(Tensor x, string layer)
    {
        using var scope = NewDisposeScope();
        var inner = Linear(Norm(x, layer + "final_layer_norm"), layer + "fc1").relu_();
        return Linear(inner, layer + "fc2").MoveToOuterDisposeScope();
    }

    private Tensor Rows(string table, Tensor ids) => weights[table + ".weight"].index_select(0, ids);

    private Tensor Linear(Tensor x, string name) => linear(x, weights[name + ".weight"], weights[name + ".bias"]);

    private Tensor Norm(Tensor x, string name) => layer_norm(x, [shape.Hidden], weights[name + ".weight"], weights[name + ".bias"]);
}
