using System.IO.Compression;
using System.Runtime.InteropServices;
using System.Text;
using IlZo.Adapters;
using IlZo.Arithmetic.Blocks;
using IlZo.Backends;
using IlZo.Backends.Cpu;
using IlZo.Checkpoints;
using IlZo.Checkpoints.Torch;
using IlZo.Fuzz.Mutation;
using IlZo.Generation;
using IlZo.Gguf;
using IlZo.Models;
using IlZo.Models.BitsAndBytes;
using IlZo.Perturbations;
using IlZo.Tensors;

namespace IlZo.Fuzz.Targets;

/// <summary>Weights, configurations and adapters. What is accepted is used: a forward pass must stay inside its buffers.</summary>
internal static class CheckpointTargets
{
    private static readonly string[] s_configWords =
    [
        "model_type", "architectures", "vocab_size", "hidden_size", "word_embed_proj_dim", "ffn_dim", "intermediate_size",
        "num_hidden_layers",
        "num_attention_heads", "num_key_value_heads", "head_dim", "max_position_embeddings", "n_embd", "n_layer", "n_head", "n_positions",
        "n_inner",
        "type_vocab_size", "layer_norm_eps", "layer_norm_epsilon", "rms_norm_eps", "rope_theta", "rope_scaling", "rope_parameters",
        "rope_type", "type",
        "factor", "linear", "dynamic", "yarn", "llama3", "default", "low_freq_factor", "high_freq_factor",
        "original_max_position_embeddings",
        "beta_fast", "beta_slow", "mscale", "mscale_all_dim", "attention_factor", "truncate", "sliding_window", "use_sliding_window",
        "max_window_layers", "layer_types", "sliding_attention", "full_attention", "attention_bias", "mlp_bias", "tie_word_embeddings",
        "hidden_act",
        "activation_function", "do_layer_norm_before", "bos_token_id", "eos_token_id", "pad_token_id", "id2label", "num_labels",
        "problem_type",
        "scale_attn_weights", "scale_attn_by_inverse_layer_idx", "add_cross_attention", "relu", "gelu", "gelu_new", "silu", "quick_gelu",
        "_remove_final_layer_norm", "enable_bias", "quantization_config", "torch_dtype", "position_embedding_type", "is_decoder",
        "longrope", "su", "short_factor", "long_factor", "partial_rotary_factor", "hidden_activation", "gelu_pytorch_tanh",
        "query_pre_attn_scalar",
        "dim", "hidden_dim", "n_layers", "n_heads", "activation", "classifier_pooling", "mean", "cls", "BertModel", "BertForMaskedLM",
        "DistilBertForSequenceClassification",
        "attn_logit_softcapping", "final_logit_softcapping", "use_bidirectional_attention",
    ];

    private static readonly string[] s_pickleWords =
    [
        "ctorch\nHalfStorage\n", "ctorch\nFloatStorage\n", "ctorch._utils\n_rebuild_tensor_v2\n", "ctorch._utils\n_rebuild_parameter\n",
        "ccollections\nOrderedDict\n", "cos\nsystem\n",
        "X\u0007\0\0\0storage", "X\u0001\0\0\00", "X\u0003\0\0\0cpu", "X\u0001\0\0\0a", "K\u0002", "M\u0002\u0002", "(", "t", "Q", "R", ")",
        "]", "}", "u", "s", "e", "a", "b", "h\0", "q\0", "N", ".",
    ];

    private static readonly string[] s_generationWords =
    [
        "bos_token_id", "eos_token_id", "pad_token_id", "do_sample", "temperature", "top_k", "top_p", "repetition_penalty",
        "max_new_tokens", "max_length", "num_beams", "true", "false", "null",
    ];

    private static readonly string[] s_adapterWords =
    [
        "peft_type", "LORA", "PREFIX_TUNING", "BLOCK_SCALES", "r", "lora_alpha", "target_modules", "use_rslora", "use_dora", "bias", "none",
        "all", "init_lora_weights", "pissa", "rank_pattern", "num_virtual_tokens", "num_layers", "token_dim", "all-linear", "q_proj",
        "v_proj", ".*", "(a+)+$", "[", "(?<n>.)\\k<n>",
        "encoder_hidden_size", "prefix_projection", "fan_in_fan_out", "inference_mode", "base_model_name_or_path", "task_type", "CAUSAL_LM",
    ];

    public static IEnumerable<FuzzTarget> All =>
    [
        new("safetensors", "a safetensors file, with its numbers", SafetensorsSeeds, new SafetensorsMutator(), () => ReadSafetensors),
        new("pickle", "the pickle of a pytorch_model.bin", () => SeedFiles.In("pickle"), new ByteMutator(s_pickleWords), () => ReadPickle),
        new(
            "torch-file",
            "a pytorch_model.bin",
            () => [.. SeedFiles.In("pickle").SelectMany(
                p => new[] { TorchArchive.Of(p, s_storages), TorchArchive.Of(p, s_storages, CompressionLevel.Optimal) })],
            new ByteMutator(s_pickleWords),
            () => ReadTorch),
        new(
            "gguf",
            "a GGUF file: its model, its tokenizer and its numbers",
            GgufSeeds,
            new ByteMutator(
                "general.alignment", "tokenizer.ggml.pre", "llama", "gpt2", "gemma2", "phi3", "blk.0.attn_qkv.weight", "llama-bpe",
                "llama.rope.scale_linear", "llama.rope.scaling.factor", "llama.rope.dimension_count", "llama.attention.causal"),
            () => ReadGguf),
        new(
            "bitsandbytes",
            "how bitsandbytes has quantized a matrix, in JSON",
            () =>
            [
                """{"quant_type":"nf4","blocksize":64,"dtype":"float16","shape":[4,64]}"""u8.ToArray(),
                """{"quant_type":"nf4","blocksize":64,"shape":[4,64],"nested_blocksize":256,"nested_dtype":"float32","nested_offset":0.5}"""u8
                    .ToArray(),
            ],
            new JsonMutator("blocksize", "shape", "nested_blocksize", "nested_offset", "nested_dtype", "quant_type", "nf4"),
            () => ReadNormalFloats),
        new("packed-weights", "matrices of GPTQ and AWQ, as a safetensors file", PackedSeeds, new SafetensorsMutator(), () => ReadPacked),
        new(
            "quantization-config",
            "config.json of a model in GPTQ or AWQ",
            () => s_quantizations.Select(Config),
            new JsonMutator(
                "quant_method", "gptq", "awq", "bitsandbytes", "bits", "w_bit", "group_size", "q_group_size", "desc_act", "format",
                "checkpoint_format", "gptq_v2", "marlin", "version", "gemm", "gemv", "backend", "zero_point", "is_marlin_format"),
            () => ReadQuantization),
        new(
            "generation-config",
            "generation_config.json",
            () => SeedFiles.In("generation-config"),
            new JsonMutator(s_generationWords),
            () => ReadGeneration),
        new(
            "shard-index",
            "model.safetensors.index.json",
            () => SeedFiles.In("shard-index"),
            new JsonMutator("weight_map", "metadata", "total_size", "a", "b", "1.safetensors", "../1.safetensors"),
            () => ReadShards()),
        .. ModelCatalog.Families.Select(f => new FuzzTarget(
            $"config-{f.ModelType}", $"config.json of {f.Architecture}", () => SeedFiles.In($"config-{f.ModelType}"),
            new JsonMutator(s_configWords), () => ReadModel(f.ModelType))),
        new(
            "adapter-config",
            "adapter_config.json of PEFT",
            () => SeedFiles.In("adapter-config"),
            new JsonMutator(s_adapterWords),
            () => ReadAdapter(PeftFolder.ConfigFileName)),
        new(
            "adapter-weights",
            "adapter_model.safetensors of PEFT",
            AdapterSeeds,
            new SafetensorsMutator(),
            () => ReadAdapter(PeftFolder.WeightsFileName)),
    ];

    private static IEnumerable<byte[]> SafetensorsSeeds() =>
    [
        TinyModels.Safetensors([("a", [2, 3]), ("b", [4])]),
        WithHeader("""{"__metadata__":{"format":"pt"},"h":{"dtype":"F16","shape":[2],"data_offsets":[0,4]},"b":{"dtype":"BF16","shape":[1,2],"data_offsets":[4,8]}}""", 8),
        WithHeader("""{"e":{"dtype":"F32","shape":[0],"data_offsets":[0,0]},"p":{"dtype":"F4","shape":[2],"data_offsets":[0,1]},"u":{"dtype":"U8","shape":[],"data_offsets":[1,2]}}""", 2),
        WithHeader("""{"__metadata__":{"ilzo.blocks.w":"q4_0"},"w":{"dtype":"U8","shape":[2,18],"data_offsets":[0,36]}}""", 36),
        WithHeader("""{"__metadata__":{"ilzo.blocks.w":"q6_k"},"w":{"dtype":"U8","shape":[1,210],"data_offsets":[0,210]}}""", 210),
    ];

    private static byte[] WithHeader(string header, int dataBytes) =>
        [.. BitConverter.GetBytes((long)header.Length), .. Encoding.UTF8.GetBytes(header), .. new byte[dataBytes]];

    private static readonly byte[][] s_storages = [new byte[24], new byte[64]];

    private static void ReadSafetensors(byte[] input)
    {
        using var file = SafetensorsFile.FromMemory("input", input);
        ReadAll(file);
    }

    private static void ReadPickle(byte[] input) => ReadTorch(TorchArchive.Of(input, s_storages));

    private static void ReadTorch(byte[] input)
    {
        using var file = TorchFile.FromMemory("input", input);
        ReadAll(file);
    }

    private static IEnumerable<byte[]> GgufSeeds() => [Gguf("llama", "llama"), Gguf("gpt2", "gpt2")];

    private static byte[] Gguf(string architecture, string tokenizer)
    {
        var metadata = new GgufMetadata();
        metadata.Add("general.architecture", architecture);
        foreach (string size in (string[])
            ["context_length", "embedding_length", "block_count", "feed_forward_length", "attention.head_count"])
        {
            metadata.Add($"{architecture}.{size}", 2);
        }

        metadata.Add($"{architecture}.attention.layer_norm_rms_epsilon", 1e-5f);
        metadata.Add($"{architecture}.attention.layer_norm_epsilon", 1e-5f);
        metadata.Add($"{architecture}.attention.key_length", 8);
        metadata.Add($"{architecture}.rope.freq_base", 1e4f);
        metadata.Add("tokenizer.ggml.model", tokenizer);
        metadata.Add("tokenizer.ggml.tokens", (string[])["<unk>", "a", "b", "ab"]);
        metadata.Add("tokenizer.ggml.token_type", (int[])[2, 1, 1, 1]);
        metadata.Add("tokenizer.ggml.scores", (float[])[0, -1, -2, -3]);
        metadata.Add("tokenizer.ggml.merges", (string[])["a b"]);
        metadata.Add("tokenizer.ggml.bos_token_id", 0);
        metadata.Add("tokenizer.ggml.add_bos_token", value: true);
        var rows = GgufRows.Of(new float[32]);
        using var stream = new MemoryStream();
        GgufWriter.Write(
            stream, metadata,
            [
                new("token_embd.weight", IsVector: false, rows, KeepsExact: false), new("blk.0.attn_q.weight", true, rows, false),
                new("blk.0.ffn_up.weight", IsVector: false, rows, KeepsExact: true), new("output_norm.weight", true, rows, true),
                new("rope_freqs.weight", IsVector: true, GgufRows.Of([1, 2, 8, 8]), KeepsExact: true),
            ],
            GgufType.Q8_0, default);
        return stream.ToArray();
    }

    private static void ReadGguf(byte[] input)
    {
        using var file = GgufModelFile.FromMemory("input", input);
        var (config, tensors) = GgufImport.Describe(file);
        config.ToJsonString();
        ImportedTokenizer.Files(file.Fields);
        foreach (var tensor in tensors)
        {
            tensor.Read(file, _ => { });
            if (tensor.HasStoredRows)
            {
                tensor.Copy(file, Stream.Null);
            }
        }
    }

    private static void ReadGeneration(byte[] input)
    {
        var config = GenerationConfig.Parse("input", input);
        var sampler = new TokenSampler(new SamplingOptions(config.Temperature, config.TopP, 1, config.TopK, config.RepetitionPenalty));
        float[] logits = [1, -2, 3, 0];
        sampler.Penalize(logits, config.EosIds?.Where(id => id >= 0) ?? []);
        if (config.Samples && logits.All(float.IsFinite))
        {
            _ = logits[sampler.Choose(logits, 1)];
        }
    }

    private static void ReadAll(WeightFile file)
    {
        var memory = new List<IDisposable>();
        try
        {
            foreach (var tensor in file.Tensors)
            {
                WeightLoader.RequireFinite(WeightLoader.ToParameter(tensor, DType.F32, memory), "input");
            }
        }
        finally
        {
            memory.ForEach(m => m.Dispose());
        }
    }

    // A matrix of 4 × 64 whose scales are in fp32, and one whose scales are quantized.
    private static unsafe void ReadNormalFloats(byte[] state)
    {
        foreach (bool nested in (bool[])[false, true])
        {
            byte[] weights = NormalFloats(state, nested);
            try
            {
                using var folder = CheckpointFolder.FromMemory(
                    "memory", name => name switch { "config.json" => "{}"u8.ToArray(), "model.safetensors" => weights, _ => null });
                foreach (var matrix in NormalFloatTensor.Of(folder))
                {
                    matrix.Write(Stream.Null, default);
                }
            }
            catch (InvalidInputException) when (!nested)
            {
                // The other one may fit.
            }
        }
    }

    private static byte[] NormalFloats(byte[] state, bool nested)
    {
        (string Name, string Type, byte[] Bytes)[] tensors =
        [
            ("w.weight", "U8", new byte[128]),
            ("w.weight.quant_map", "F32", MemoryMarshal.AsBytes(NormalFloatFormat.Levels).ToArray()),
            ("w.weight.quant_state.bitsandbytes__nf4", "U8", state),
            ("w.weight.absmax", nested ? "U8" : "F32", new byte[nested ? 4 : 16]),
            ("w.weight.nested_absmax", "F32", new byte[4]),
            ("w.weight.nested_quant_map", "F32", new byte[1024]),
        ];
        long at = 0;
        string header = string.Join(',', tensors.Select(t =>
            $$"""
            "{{t.Name}}":{"dtype":"{{t.Type}}","shape":[{{t.Bytes.Length / (t.Type == "F32" ? 4 : 1)}}],"data_offsets":[{{at}},{{at += t.Bytes.Length}}]}
            """));
        byte[] json = Encoding.UTF8.GetBytes($"{{{header}}}");
        return [.. BitConverter.GetBytes((long)json.Length), .. json, .. tensors.SelectMany(t => t.Bytes)];
    }

    private static readonly string[] s_quantizations =
    [
        """{"quant_method":"gptq","bits":4,"group_size":32,"desc_act":true,"checkpoint_format":"gptq"}""",
        """{"quant_method":"gptq","bits":8,"group_size":-1,"checkpoint_format":"gptq_v2"}""",
        """{"quant_method":"awq","bits":4,"group_size":32,"zero_point":true,"version":"gemm"}""",
    ];

    // 64 inputs and 8 outputs: codes of 4 bits in two groups, of 8 bits in one, and AWQ's.
    private static IEnumerable<byte[]> PackedSeeds() =>
    [
        Packed(("qweight", "I32", [8, 8]), ("qzeros", "I32", [2, 1]), ("scales", "F16", [2, 8]), ("g_idx", "I32", [64])),
        Packed(("qweight", "I32", [16, 8]), ("qzeros", "I32", [1, 2]), ("scales", "BF16", [1, 8])),
        Packed(("qweight", "I32", [64, 1]), ("qzeros", "I32", [2, 1]), ("scales", "F32", [2, 8])),
    ];

    private static byte[] Packed(params (string Name, string Type, int[] Shape)[] tensors)
    {
        byte[][] contents =
        [
            .. tensors.Select(t => Content(
                t.Name, t.Shape.Aggregate((a, b) => a * b), t.Type.EndsWith("32", StringComparison.Ordinal) ? 4 : 2)),
        ];
        long at = 0;
        string header = string.Join(',', tensors.Zip(contents, (t, content) =>
            $$"""
            "m.{{t.Name}}":{"dtype":"{{t.Type}}","shape":[{{string.Join(',', t.Shape)}}],"data_offsets":[{{at}},{{at += content.Length}}]}
            """));
        byte[] json = Encoding.UTF8.GetBytes($"{{{header}}}");
        return [.. BitConverter.GetBytes((long)json.Length), .. json, .. contents.SelectMany(c => c)];
    }

    // Groups are in order, scales are powers of two, and zeros 0 and 8 or 128.
    private static byte[] Content(string name, int count, int size)
    {
        byte[] content = new byte[count * size];
        for (int i = 0; i < content.Length; i++)
        {
            content[i] = name switch
            {
                "g_idx" => (byte)(i % size == 0 ? i / size / 32 : 0),
                "qzeros" => 0x80,
                "scales" => (byte)(i % size == size - 1 ? 0x3C : 0),
                _ => (byte)(37 * i),
            };
        }

        return content;
    }

    private static byte[] Config(string quantization) => Encoding.UTF8.GetBytes($$"""{"quantization_config":{{quantization}}}""");

    private static void ReadPacked(byte[] input) => ImportAny(s_quantizations.Select(q => (Config(q), input)));

    private static void ReadQuantization(byte[] input) => ImportAny(PackedSeeds().Select(weights => (input, weights)));

    // An input is refused where it fits none.
    private static void ImportAny(IEnumerable<(byte[] Config, byte[] Weights)> models)
    {
        InvalidInputException? refusal = null;
        bool isRead = false;
        foreach (var (config, weights) in models)
        {
            try
            {
                Import(config, weights);
                isRead = true;
            }
            catch (InvalidInputException e)
            {
                refusal = e;
            }
        }

        if (!isRead)
        {
            throw refusal!;
        }
    }

    private static void Import(byte[] config, byte[] weights)
    {
        using var folder = CheckpointFolder.FromMemory(
            "memory", name => name switch { "config.json" => config, "model.safetensors" => weights, _ => null });
        foreach (var matrix in QuantizedImport.Matrices(folder))
        {
            matrix.Write(Stream.Null, default);
        }
    }

    private static Action<byte[]> ReadShards()
    {
        byte[] a = TinyModels.Safetensors([("a", [2])]);
        byte[] b = TinyModels.Safetensors([("b", [2])]);
        return input => CheckpointFolder.FromMemory("memory", name => name switch
        {
            "config.json" => "{}"u8.ToArray(),
            "model.safetensors.index.json" => input,
            "1.safetensors" => a,
            "2.safetensors" => b,
            _ => null,
        }).Dispose();
    }

    private static Action<byte[]> ReadModel(string family)
    {
        byte[] weights = TinyModels.Weights(family);
        var backend = new CpuBackend(1);
        return input =>
        {
            using var model = Load(input, weights);
            Forward(model, backend);
        };
    }

    /// <summary>A model of these files.</summary>
    public static LanguageModel Load(byte[] config, byte[] weights)
    {
        var folder = CheckpointFolder.FromMemory(
            "memory", name => name switch { "config.json" => config, "model.safetensors" => weights, _ => null });
        try
        {
            return ModelCatalog.Load(folder);
        }
        catch
        {
            folder.Dispose();
            throw;
        }
    }

    private static void Forward(LanguageModel model, CpuBackend backend)
    {
        int[] text = [.. Enumerable.Range(1, Math.Min(3, model.Shape.MaxPositions)).Select(i => i % model.Shape.Vocabulary)];
        var builder = new TokenBatchBuilder();
        int segment = builder.AddText(text);
        builder.Read(segment, text.Length - 1);
        var batch = builder.Build();
        backend.Load(model.Parameters);
        var pass = backend.Begin(batch, [Probe.Unperturbed]);
        pass.Logits(model.Forward(pass), model.Head, new float[model.Head.Rows], 0);
    }

    private static IEnumerable<byte[]> AdapterSeeds() =>
    [
        TinyModels.Safetensors(LoraTensors(2)),
        TinyModels.Safetensors([(PrefixKind.PromptEmbeddings, [2, 16])]),
    ];

    private static IEnumerable<(string, int[])> LoraTensors(int rank) => new[] { ("q", 16), ("v", 8) }.SelectMany(p => new[]
    {
        ($"base_model.model.model.layers.0.self_attn.{p.Item1}_proj.lora_A.weight", new[] { rank, 16 }),
        ($"base_model.model.model.layers.0.self_attn.{p.Item1}_proj.lora_B.weight", [p.Item2, rank]),
    });

    // One of the two files is the input; the other one fits LoRA or a prefix, whichever the input is likely to be.
    private static Action<byte[]> ReadAdapter(string file)
    {
        byte[] config = SeedFiles.Read("config-llama", "plain.json");
        byte[] weights = TinyModels.Weights("llama");
        byte[][] others = file == PeftFolder.WeightsFileName ? [.. SeedFiles.In("adapter-config").Take(2)] : [.. AdapterSeeds()];
        string other = file == PeftFolder.WeightsFileName ? PeftFolder.ConfigFileName : PeftFolder.WeightsFileName;
        string folder = Scratch.Path("adapter");
        Directory.CreateDirectory(folder);
        var backend = new CpuBackend(1);
        return input =>
        {
            bool isPrefix = input.AsSpan().IndexOf("prompt_embeddings"u8) >= 0 || input.AsSpan().IndexOf("PREFIX"u8) >= 0;
            File.WriteAllBytes(Path.Combine(folder, file), input);
            File.WriteAllBytes(Path.Combine(folder, other), others[isPrefix ? 1 : 0]);
            using var model = Load(config, weights);
            AdapterFactory.Attach(model, folder);
            Forward(model, backend);
        };
    }
}
